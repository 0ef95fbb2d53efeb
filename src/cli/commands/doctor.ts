import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { asTyped } from '../render/as-typed.ts';
import { printStructured } from '../render/structured.ts';
import { styleFor } from '../render/style.ts';

const marks = { error: ['✗', 'red'], warning: ['!', 'yellow'], info: ['i', 'cyan'] } as const;

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'look for what is known to go wrong with meshes over several clusters',
  description:
    'Reads the objects of all clusters and what istiod says of itself, and names each fault with its object and the command that mends it. Sends no traffic, changes nothing. Ends with 1 when an error was found or a cluster could not be read. docs/doctor.md lists the codes.',
  options: [
    {
      flags: '--kubeconfig <file>',
      description: 'look at the clusters of a kubeconfig instead of the mesh that stands',
    },
    { flags: '--contexts <names>', description: 'which of its contexts, joined by commas (default: all)' },
  ],
  formats: true,
  async run(context, _args, options) {
    const [{ observedClusters }, { diagnose }] = await Promise.all([
      import('../observed-clusters.ts'),
      import('../../doctor/index.ts'),
    ]);
    const clusters = await observedClusters(context, {
      kubeconfig: options['kubeconfig'] as string | undefined,
      contexts: options['contexts'] as string | undefined,
      management: true,
    });
    const found = await diagnose({ clusters, signal: context.signal }).finally(() =>
      Promise.all(clusters.map((one) => one.client[Symbol.asyncDispose]())),
    );
    const failed = found.unread.length > 0 || found.findings.some((one) => one.severity === 'error');
    if (!(await printStructured(context, found))) {
      const style = styleFor(context.out, context.env);
      const lines = [
        ...found.findings.flatMap(({ severity, code, message, fix }) => [
          `${style(marks[severity][1], marks[severity][0])} ${style('bold', code)} ${message}`,
          ...(fix ? [`    to do: ${fix}`] : []),
        ]),
        ...found.checks
          .filter((one) => one.state === 'unknown')
          .map((one) => style('yellow', `? ${one.code} could not be checked: ${one.why}`)),
        ...found.unread.map((one) => style('yellow', `? ${one.what} of ${one.cluster} could not be read: ${one.why}`)),
        `${found.checks.filter((one) => one.state === 'passed').length} of ${found.checks.length} checks found nothing in ${found.examined.join(', ') || 'no cluster'}.`,
      ];
      context.out.write(asTyped(`${lines.join('\n')}\n`, context.env));
    }
    return failed ? exitCodes.failed : exitCodes.ok;
  },
};
