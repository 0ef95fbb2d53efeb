/** Runs reconcile and shows its events. */
import { type ReconcileEvent, type ReconcileResult, reconcile } from '../mesh/index.ts';
import { findManagement, type ProvidedCluster } from '../providers/index.ts';
import type { Mesh } from '../spec/index.ts';
import type { CommandContext } from './context.ts';
import type { ProgressView, StepState } from './render/progress.ts';
import { trustStoreIn } from './trust-store.ts';

export async function reconcileMesh(options: {
  mesh: Mesh;
  clusters: ProvidedCluster[];
  trustFolder: string;
  progress: ProgressView;
  context: CommandContext;
  takeOver?: boolean;
}): Promise<ReconcileResult> {
  const { mesh, clusters, progress, context } = options;
  const stage = 'mesh';
  progress.update({ stage, state: 'working', detail: 'putting its parts into the clusters' });
  const result = await reconcile({
    mesh,
    clusters: [...clusters, ...(await findManagement(mesh, context.env))],
    trust: trustStoreIn(options.trustFolder),
    signal: context.signal,
    takeOver: options.takeOver ?? false,
    progress: ({ part, cluster, state, detail }) =>
      progress.update({ stage, item: `${part} (${cluster})`, state: states[state], detail }),
  }).catch((error) => {
    progress.update({ stage, state: 'failed' });
    throw error;
  });
  const { created, changed, removed, unchanged } = countObjects(result);
  progress.update({
    stage,
    state: result.changed ? 'done' : 'unchanged',
    detail: result.changed
      ? `${created} objects created, ${changed} changed, ${removed ? `${removed} removed, ` : ''}${unchanged} as they were`
      : `all ${unchanged} objects are as they should be`,
  });
  return result;
}

export function countObjects(result: ReconcileResult) {
  const sum = (count: (part: ReconcileResult['parts'][number]) => number): number =>
    result.parts.reduce((total, part) => total + count(part), 0);
  return {
    created: sum((part) => part.created.length),
    changed: sum((part) => part.changed.length),
    removed: result.removed.length,
    unchanged: sum((part) => part.unchanged),
  };
}

const states: Record<ReconcileEvent['state'], StepState> = {
  applying: 'working',
  waiting: 'waiting',
  ready: 'done',
  unchanged: 'unchanged',
  failed: 'failed',
};
