import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { asTyped } from '../render/as-typed.ts';
import { printStructured } from '../render/structured.ts';
import { styleFor } from '../render/style.ts';

export const explain: CommandSpec = {
  name: 'explain',
  arguments: [
    {
      name: '<from>',
      description: 'the client: CLUSTER/NAMESPACE/WORKLOAD or a pod, or as much of it as makes it one',
    },
    {
      name: '<to>',
      description: 'host[:port][/path] as the client writes it, with https:// or tcp:// before it if not HTTP',
    },
  ],
  summary: 'show the way of a request and the object that decides each step',
  description:
    'Reads the configuration that the proxies on the way really have and shows what becomes of a request: listener, route, cluster, endpoints, mutual TLS, gateways, policies, each with the object that decides it, and what is out of order, with the command that mends it. Sends nothing. Ends with 1 when no request, or not every request, arrives.',
  options: [
    { flags: '-X, --method <method>', description: 'HTTP method (default: GET)' },
    { flags: '-H, --header <header...>', description: 'a header that the client sends, as in "end-user: jason"' },
    {
      flags: '--kubeconfig <file>',
      description: 'look at the clusters of a kubeconfig instead of the mesh that stands',
    },
    { flags: '--contexts <names>', description: 'which of its contexts, joined by commas (default: all)' },
  ],
  formats: true,
  async run(context, [from = '', to = ''], options) {
    const [{ observedClusters }, { explain }, { renderExplanation }] = await Promise.all([
      import('../observed-clusters.ts'),
      import('../../observe/index.ts'),
      import('../explanation.ts'),
    ]);
    const clusters = await observedClusters(context, {
      kubeconfig: options['kubeconfig'] as string | undefined,
      contexts: options['contexts'] as string | undefined,
    });
    const method = options['method'] as string | undefined;
    const headers = headersOf((options['header'] as string[] | undefined) ?? []);
    const found = await explain({ clusters, from, to, method, headers, signal: context.signal }).finally(() =>
      Promise.all(clusters.map((one) => one.client[Symbol.asyncDispose]())),
    );
    if (!(await printStructured(context, found)))
      context.out.write(asTyped(renderExplanation(found, styleFor(context.out, context.env)), context.env));
    return found.outcome === 'reaches' || found.outcome === 'answered' ? exitCodes.ok : exitCodes.failed;
  },
};

function headersOf(written: string[]): Record<string, string> {
  return Object.fromEntries(
    written.map((one) => {
      const colon = one.indexOf(':');
      return [one.slice(0, colon).trim(), one.slice(colon + 1).trim()];
    }),
  );
}
