import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { kubeconfigOptions, meshKubeconfig, openObserver, prometheusUrls } from '../observed.ts';

export const console: CommandSpec = {
  name: 'console',
  summary: 'serve one view of the whole mesh to the browser',
  description:
    'Serves the console until it is interrupted: topology, traffic, health and configuration of all clusters that the kubeconfig knows, embedded or real. Clusters that come into the kubeconfig, or leave it, do so here as well. `isthmus up` starts it by itself for the mesh that it makes.',
  options: [
    { flags: '--port <number>', description: 'the port (default: 20001, or a free one when that is taken)' },
    {
      flags: '--listen <address>',
      description: 'the address (default: 127.0.0.1); any other needs --auth token or openid',
    },
    { flags: '--auth <strategy>', description: 'anonymous, token or openid (default: anonymous)' },
    { flags: '--oidc-issuer <url>', description: 'the identity provider of --auth openid, as it writes itself' },
    { flags: '--oidc-client-id <id>', description: 'what the console is called there' },
    { flags: '--oidc-client-secret-file <file>', description: 'file with its secret, where it has one' },
    { flags: '--oidc-scopes <names>', description: 'scopes, comma-separated (default: openid,profile,email)' },
    { flags: '--allow-edit', description: "permit changes of Istio's configuration" },
    { flags: '--background', description: 'as `isthmus up` starts it: `isthmus down` ends it' },
    {
      flags: '--only-kubeconfig',
      description:
        'do not read clusters that only a remote secret leads to (as with --context, and for embedded meshes)',
    },
    ...kubeconfigOptions,
  ],
  async run(context, _args, options) {
    const [{ preparePages }, { followSources, RemoteClusters }, { listenOn }] = await Promise.all([
      import('../../console/index.ts'),
      import('../../observe/index.ts'),
      import('../console-server.ts'),
    ]);
    const { observer, sources } = await openObserver(context, options);
    await using _observer = observer;
    // Addresses in an embedded mesh are those of its own namespaces: here they are somebody else's, or nobody's.
    const isEmbedded = sources.files.includes(meshKubeconfig(context.home));
    const isOnly = options['onlyKubeconfig'] === true || sources.contexts !== undefined || isEmbedded;
    await using _remote = isOnly ? undefined : new RemoteClusters(observer.model).start();
    await using server = await listenOn({ observer, options, pages: preparePages });
    const urls = prometheusUrls(options);
    const endFollowing = followSources(sources, (found) =>
      observer.model.follow(found.map((one) => ({ ...one, prometheusUrl: urls.get(one.context) }))),
    );
    context.out.write(`Console: ${server.url}\n`);
    await new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve();
      context.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    endFollowing();
    return exitCodes.ok;
  },
};
