import { join } from 'node:path';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const kubeconfig: CommandSpec = {
  name: 'kubeconfig',
  summary: 'print a kubeconfig with a context for each cluster',
  description:
    'Prints a kubeconfig whose contexts are named like the clusters. It holds keys: keep it to yourself.\n\n  export KUBECONFIG="$(isthmus kubeconfig --path)"\n  kubectl --context east get pods -A',
  options: [{ flags: '--path', description: "print the file's path instead" }],
  async run(context, _args, options) {
    const [{ requireStandingMesh }, { findClusters }, { mergedKubeconfig }] = await Promise.all([
      import('../load-mesh.ts'),
      import('../../providers/index.ts'),
      import('../merged-kubeconfig.ts'),
    ]);
    const clusters = await findClusters(await requireStandingMesh(context), { home: context.home });
    const path = join(context.home, 'kubeconfig');
    const text = await mergedKubeconfig(clusters);
    if (options['path']) {
      await (await import('../state.ts')).writePrivate(path, text);
      context.out.write(`${path}\n`);
    } else context.out.write(text);
    return exitCodes.ok;
  },
};
