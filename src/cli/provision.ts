/** Gives `up` its clusters: everything is checked before anything is made. */
import type { EngineArtifacts, ProvidedCluster, StartEmbeddedOptions } from '../providers/index.ts';
import type { Mesh } from '../spec/index.ts';
import type { CommandContext } from './context.ts';
import type { ProgressView } from './render/progress.ts';

export interface ProvisionOptions {
  context: CommandContext;
  progress: ProgressView;
  takeOver: boolean;
}

export interface Provision {
  /** With the addresses that the clusters turned out to have. */
  mesh: Mesh;
  clusters: ProvidedCluster[];
  /** Whether any cluster was started. */
  started: boolean;
}

export async function provideClusters(mesh: Mesh, options: ProvisionOptions): Promise<Provision> {
  const { context, progress, takeOver } = options;
  const { env, signal, home } = context;
  const providers = await import('../providers/index.ts');
  const ready = {
    ...{ env, signal, takeOver },
    say: (item: string, detail: string) => progress.update({ stage: 'clusters', item, state: 'working', detail }),
  };
  if (mesh.controlPlane.implementation === 'istio') {
    const { istioVersionOf } = await import('../mesh/index.ts');
    const { installer } = mesh.controlPlane.istio;
    progress.update({
      stage: 'programs',
      item: installer,
      state: 'done',
      detail: `Istio ${await istioVersionOf(mesh)}`,
    });
  }
  if (mesh.kiali) {
    const { kialiChartOf } = await import('../mesh/index.ts');
    progress.update({ stage: 'programs', item: 'helm', state: 'working', detail: 'rendering the chart of Kiali' });
    progress.update({ stage: 'programs', item: 'helm', state: 'done', detail: (await kialiChartOf(mesh)) ?? '' });
  }
  if (mesh.clusters.some((cluster) => cluster.provider.type !== 'embedded')) {
    progress.update({
      stage: 'clusters',
      state: 'working',
      detail: 'asking what they are and what is permitted there',
    });
    await providers.checkClusters(mesh, ready);
  }
  const artifacts = providers.needsEngine(mesh) ? await findPrograms(options) : undefined;
  progress.update({ stage: 'clusters', state: 'working', detail: 'starting' });
  const result = await providers.startClusters(mesh, {
    ...ready,
    ...(artifacts ? { embedded: { home, artifacts, signal, progress: worldProgress(progress) } } : {}),
  });
  const names = result.clusters.map((one) => one.name).join(', ');
  progress.update({
    stage: 'clusters',
    state: result.started ? 'done' : 'unchanged',
    detail: `${names} ${result.started ? 'started' : 'run already'}`,
  });
  for (const { from, to, reached, why } of result.reach ?? [])
    progress.update({
      ...{ stage: 'clusters', item: `${from} reads ${to}`, state: 'done' },
      detail: `${reached ? 'its API server is reached' : 'whether its API server is reached is not known'}: ${why}`,
    });
  return { ...result, mesh: providers.withAddresses(mesh, result.clusters) };
}

/** Programs of the embedded engine, and what it needs of the kernel. */
async function findPrograms({ context, progress }: ProvisionOptions): Promise<EngineArtifacts> {
  const { env, signal } = context;
  progress.update({ stage: 'programs', state: 'working', detail: 'looking for Envoy, Prometheus and nft' });
  const { findArtifacts } = await import('../artifacts/index.ts');
  const artifacts = await findArtifacts({
    env,
    signal,
    progress: ({ artifact, detail }) =>
      progress.update({ stage: 'programs', item: artifact, state: 'working', detail }),
  });
  const { checkPrerequisites } = await import('../providers/index.ts');
  await checkPrerequisites({
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
  return artifacts;
}

function worldProgress(progress: ProgressView): NonNullable<StartEmbeddedOptions['progress']> {
  return (event) => {
    if (event.type === 'network') progress.update({ stage: 'clusters', item: 'network', state: 'done' });
    if (event.type !== 'cluster') return;
    const state = ({ starting: 'waiting', ready: 'done', ended: 'failed' } as const)[event.state];
    const detail = event.state === 'starting' ? 'for its API server, controllers and kubelet to answer' : event.detail;
    progress.update({ stage: 'clusters', item: event.cluster, state, detail });
  };
}
