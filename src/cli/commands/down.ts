import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { openProgress } from '../render/progress.ts';
import { printStructured } from '../render/structured.ts';

export const down: CommandSpec = {
  name: 'down',
  summary: 'take the mesh away: out of existing clusters, and embedded ones whole',
  description:
    'Removes from existing clusters what Isthmus has put into them, and nothing else. Ends every process of the clusters and removes the state folder. It works also after an `up` that failed or was interrupted, and where nothing runs. The cache of downloads stays.',
  formats: true,
  async run(context) {
    const [{ removeState, stopEverything }, { loadStandingMesh }] = await Promise.all([
      import('../teardown.ts'),
      import('../load-mesh.ts'),
    ]);
    const progress = openProgress(context);
    try {
      const mesh = await loadStandingMesh(context);
      const { withdraw, describeRemoved } = await import('../withdrawal.ts');
      const { occupiedClusters } = await import('../leaving.ts');
      const withdrawn = mesh ? await withdraw(mesh, await occupiedClusters(mesh, context.home), context, progress) : [];
      progress.update({ stage: 'clusters', state: 'working', detail: 'ending' });
      const stopped = await stopEverything(context.home);
      progress.update({ stage: 'clusters', state: 'done', detail: `${stopped.processes} processes ended` });
      const removed = await removeState(context.home);
      progress.close();
      if (await printStructured(context, { processes: stopped.processes, removed, clusters: withdrawn }))
        return exitCodes.ok;
      context.out.write(describeRemoved(withdrawn));
      if (withdrawn.length === 0 && stopped.processes === 0 && removed.length === 0)
        context.out.write('There was nothing to take down.\n');
      else {
        if (stopped.processes > 0) context.out.write(`Ended ${stopped.processes} processes.\n`);
        for (const path of removed) context.out.write(`Removed ${path}\n`);
      }
      return exitCodes.ok;
    } finally {
      progress.close();
    }
  },
};
