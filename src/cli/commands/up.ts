import type { Mesh } from '../../spec/index.ts';
import type { CommandSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { asTyped } from '../render/as-typed.ts';
import { openProgress, type ProgressView } from '../render/progress.ts';

const keptMessage =
  'What stands is kept to be looked at: isthmus status, isthmus logs CLUSTER. Try again with isthmus up, or take it down with isthmus down.\n';

export const up: CommandSpec = {
  name: 'up',
  summary: 'make the mesh that the file says, and prove that it works',
  description:
    'Makes the clusters, puts the mesh into them, and verifies it. What already is as it should be is left alone: a second run changes nothing, and an interrupted one goes on where it stood.',
  options: [
    { flags: '--no-verify', description: 'do not verify at the end' },
    { flags: '--no-console', description: 'do not start the console' },
  ],
  formats: true,
  async run(context, _args, options) {
    const { loadMesh } = await import('../load-mesh.ts');
    const { mesh, source } = await loadMesh(context);
    const { ensureHome, recordMesh, trustFolder } = await import('../state.ts');
    const { lockHome } = await import('../../embedded/world/index.ts');
    await ensureHome(context.home);
    await using _lock = await lockHome(context.home);
    const progress = openProgress(context);
    try {
      progress.update({
        stage: 'file',
        state: 'done',
        detail: `${source}: ${mesh.clusters.map((one) => one.name).join(', ')}`,
      });
      const begun = performance.now();
      const { clusters, started } = await provideClusters(mesh, context, progress);
      await recordMesh(context.home, mesh);
      const { reconcileMesh } = await import('../reconciliation.ts');
      const made = await reconcileMesh({ mesh, clusters, trustFolder: trustFolder(context.home), progress, context });
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

/** Programs and kernel are checked before anything is started; both at the same time as they are independent. */
async function provideClusters(mesh: Mesh, context: CommandContext, progress: ProgressView) {
  const providers = await import('../../providers/index.ts');
  const { signal } = context;
  if (!providers.needsEngine(mesh)) {
    progress.update({ stage: 'clusters', state: 'working', detail: 'asking those of the kubeconfig' });
    const clusters = await providers.findClusters(mesh, { home: context.home });
    progress.update({ stage: 'clusters', state: 'done', detail: clusters.map((one) => one.name).join(', ') });
    return { clusters, started: false };
  }
  const { findArtifacts } = await import('../../artifacts/index.ts');
  progress.update({ stage: 'programs', state: 'working', detail: 'looking for Envoy, Prometheus and nft' });
  const artifacts = await findArtifacts({
    env: context.env,
    signal,
    progress: ({ artifact, detail }) =>
      progress.update({ stage: 'programs', item: artifact, state: 'working', detail }),
  });
  await providers.checkPrerequisites({
    unshare: artifacts.tools['unshare']!,
    ip: artifacts.tools['ip']!,
    nft: artifacts.nft,
    signal,
  });
  progress.update({
    stage: 'programs',
    state: 'done',
    detail: [artifacts.envoy, artifacts.prometheus, artifacts.nft]
      .map((one) => `${one.name} ${one.version}`)
      .join(', '),
  });
  progress.update({ stage: 'clusters', state: 'working', detail: 'starting' });
  const result = await providers.startClusters(mesh, {
    home: context.home,
    artifacts,
    signal,
    progress: (event) => {
      if (event.type === 'network') progress.update({ stage: 'clusters', item: 'network', state: 'done' });
      if (event.type !== 'cluster') return;
      const state = ({ starting: 'waiting', ready: 'done', ended: 'failed' } as const)[event.state];
      const detail =
        event.state === 'starting' ? 'for its API server, controllers and kubelet to answer' : event.detail;
      progress.update({ stage: 'clusters', item: event.cluster, state, detail });
    },
  });
  const names = result.clusters.map((one) => one.name).join(', ');
  progress.update({
    stage: 'clusters',
    state: result.started ? 'done' : 'unchanged',
    detail: `${names} ${result.started ? 'started' : 'run already'}`,
  });
  return result;
}
