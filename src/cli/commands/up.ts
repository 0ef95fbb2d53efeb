import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { asTyped } from '../render/as-typed.ts';
import { openProgress } from '../render/progress.ts';

const keptMessage =
  'What stands is kept to be looked at: isthmus status, isthmus logs CLUSTER. Try again with isthmus up, or take it down with isthmus down.\n';

export const up: CommandSpec = {
  name: 'up',
  summary: 'make the mesh that the file says, and prove that it works',
  description:
    'Makes the clusters, puts the mesh into them, and verifies it. What already is as it should be is left alone: a second run changes nothing, and an interrupted one goes on where it stood.',
  options: [
    { flags: '--no-verify', description: 'do not verify at the end' },
    { flags: '--take-over', description: 'make objects that others have made in existing clusters those of Isthmus' },
    { flags: '-y, --yes', description: 'do not ask before a change that requests may feel' },
    { flags: '--no-console', description: 'do not start the console' },
  ],
  formats: true,
  async run(context, _args, options) {
    const { loadMesh } = await import('../load-mesh.ts');
    const { mesh: stated, source } = await loadMesh(context);
    const { ensureHome, recordMesh, trustFolder } = await import('../state.ts');
    const { lockHome } = await import('../../embedded/world/index.ts');
    await ensureHome(context.home);
    await using _lock = await lockHome(context.home);
    const progress = openProgress(context);
    try {
      progress.update({
        stage: 'file',
        state: 'done',
        detail: `${source}: ${stated.clusters.map((one) => one.name).join(', ')}`,
      });
      const begun = performance.now();
      const takeOver = options['takeOver'] === true;
      const [{ provideClusters }, { confirmChanges }, { leavingClusters, rememberLeaving, takeAway }] =
        await Promise.all([import('../provision.ts'), import('../planning.ts'), import('../leaving.ts')]);
      const { mesh, clusters, started } = await provideClusters(stated, { context, progress, takeOver });
      const leaving = await leavingClusters(mesh, context.home);
      const ends = leaving.map((one) => one.name);
      if (!started) await confirmChanges({ mesh, clusters, ends, yes: options['yes'] === true, progress, context });
      await rememberLeaving(context.home, leaving);
      await recordMesh(context.home, mesh);
      const { reconcileMesh } = await import('../reconciliation.ts');
      const made = await reconcileMesh({
        ...{ mesh, clusters, trustFolder: trustFolder(context.home), progress, context },
        takeOver,
      });
      await takeAway(mesh, leaving, context, progress);
      const { startMeshConsole } = await import('../mesh-console.ts');
      const starting =
        options['console'] === false ? undefined : startMeshConsole({ mesh, clusters, context, progress });
      const { verifyMesh, printFacts } = await import('../verification.ts');
      const facts = options['verify'] === false ? undefined : await verifyMesh({ mesh, clusters, progress, context });
      const console = await starting;
      progress.close();
      const { printStanding } = await import('../standing.ts');
      if (facts && context.output === 'table') await printFacts(facts, context);
      await printStanding({
        mesh,
        clusters,
        started,
        made,
        facts,
        console,
        milliseconds: performance.now() - begun,
        context,
      });
      return facts && !facts.ok ? exitCodes.failed : exitCodes.ok;
    } catch (error) {
      progress.close();
      if (!context.signal.aborted && (await import('../standing.ts')).isKept(context.home))
        context.err.write(asTyped(keptMessage, context.env));
      throw error;
    } finally {
      progress.close();
    }
  },
};
