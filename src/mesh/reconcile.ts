/** Brings the clusters to what the mesh file says: every part in every cluster as soon as what it needs stands. */
import { messageOf } from '../errors/index.ts';
import { KubeClient } from '../kube/index.ts';
import type { Mesh, MeshCluster } from '../spec/index.ts';
import { applyAll } from './apply.ts';
import { startInOrder } from './order.ts';
import { type Found, findObjects, isOwned, keyOf, ownerSelector } from './owner.ts';
import type { MeshTarget, Part, PartContext, TrustStore } from './part.ts';
import { parts } from './parts/index.ts';
import { giveBackLeases, istiodPods } from './removal/elections.ts';
import { removeObjects } from './removal/index.ts';
import { isChanged, type PartResult, type ReconcileEvent, type ReconcileResult, readAddresses } from './result.ts';
import { moveProxies, revisionsOf } from './revision.ts';
import { sentence, waiter } from './wait.ts';

export interface ReconcileOptions {
  mesh: Mesh;
  clusters: MeshTarget[];
  trust: TrustStore;
  progress?: (event: ReconcileEvent) => void;
  signal?: AbortSignal;
  /** Makes objects of others ours. */
  takeOver?: boolean;
  /** Milliseconds for all waits together. */
  timeoutMs?: number;
}

/** @throws IsthmusError of the first part that cannot be brought up; the others are ended, and what was applied stays. */
export async function reconcile(options: ReconcileOptions): Promise<ReconcileResult> {
  const abort = new AbortController();
  const run: Run = {
    ...options,
    signal: options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal,
    clients: new Map(options.clusters.map((target) => [target.name, clientOf(target)])),
    // Many clusters on one machine start side by side.
    deadline: Date.now() + (options.timeoutMs ?? 90_000 + 15_000 * options.clusters.length),
    wanted: new Set(),
  };
  const units = startInOrder(options.mesh, parts, (part, cluster) => bringUp(run, part, cluster));
  try {
    const results = await Promise.all(units);
    const removed = await replaceOld(run);
    const changed = results.some(isChanged) || removed.length > 0;
    return { parts: results, removed, changed, addresses: await readAddresses(run.clients) };
  } catch (error) {
    abort.abort(error);
    await Promise.allSettled(units);
    throw options.signal?.aborted ? options.signal.reason : error;
  } finally {
    for (const client of run.clients.values()) await client[Symbol.asyncDispose]();
  }
}

interface Run extends ReconcileOptions {
  signal: AbortSignal;
  clients: Map<string, KubeClient>;
  /** Milliseconds since the epoch. */
  deadline: number;
  /** Objects that parts have placed. */
  wanted: Set<string>;
}

/** Messages name a cluster as mesh.yaml does, whatever its context is called. */
const clientOf = ({ name, connection }: MeshTarget): KubeClient => new KubeClient({ ...connection, name });

async function bringUp(run: Run, part: Part, cluster: MeshCluster): Promise<PartResult> {
  const about = { part: part.name, cluster: part.place?.(run.mesh) ?? cluster.name };
  const tell = (event: Omit<ReconcileEvent, 'part' | 'cluster'>): void => run.progress?.({ ...about, ...event });
  const clientOf = (name: string): KubeClient => run.clients.get(name)!;
  const context: PartContext = {
    mesh: run.mesh,
    cluster,
    client: clientOf(cluster.name),
    clientOf,
    targetOf: (name) => run.clusters.find((target) => target.name === name)!,
    trust: run.trust,
    wait: waiter({
      deadline: run.deadline,
      signal: run.signal,
      tell: (reason) => tell({ state: 'waiting', detail: sentence(reason), reason }),
    }),
  };
  try {
    tell({ state: 'applying' });
    const placed = await part.desired(context);
    for (const one of placed) run.wanted.add(keyOf(one));
    const applied = await applyAll(placed, clientOf, run);
    await part.ready(context);
    const result = { ...about, ...applied };
    tell({ state: isChanged(result) ? 'ready' : 'unchanged' });
    return result;
  } catch (error) {
    // A part that was ended because another one failed, or by the user, has not failed itself.
    if (!run.signal.aborted) tell({ state: 'failed', detail: messageOf(error) });
    throw error;
  }
}

/**
 * What we made for an earlier mesh file goes when all that replaces it stands. An earlier revision's control plane goes when no workload of
 * any cluster is served by it any more.
 */
async function replaceOld(run: Run): Promise<ReconcileResult['removed']> {
  const clients = [...run.clients.values()];
  const unwanted = await Promise.all(clients.map((client) => unwantedIn(run, client)));
  const old = revisionsOf(unwanted.flat().map(({ object }) => object));
  const removed: ReconcileResult['removed'] = [];
  const remove = async (which: (found: Found) => boolean): Promise<void> => {
    const done = await Promise.all(
      clients.map(async (client, index) => {
        const found = unwanted[index]!.filter(which);
        if (found.length === 0) return [];
        const result = await removeObjects(client, found, { signal: run.signal });
        return result.removed.map((object) => ({ cluster: client.name, object }));
      }),
    );
    removed.push(...done.flat());
  };
  // A tag that still led to the old revision would have it inject what is restarted.
  await remove(isTag);
  if (old.length > 0)
    await Promise.all(
      clients.map((client) => {
        const tell = (state: ReconcileEvent['state'], detail: string): void =>
          run.progress?.({ part: 'revision', cluster: client.name, state, detail });
        return moveProxies(client, run.mesh, old, {
          wait: waiter({ ...run, tell: (reason) => tell('waiting', sentence(reason)) }),
          ...{ deadline: run.deadline, signal: run.signal },
          tell: (workload) => tell('applying', `restarting ${workload}`),
        }).then((moved) => tell('ready', `${moved.length} workloads restarted`));
      }),
    );
  const before = old.length > 0 ? await istiodPods(clients) : new Set<string>();
  await remove((found) => !isTag(found));
  if (old.length > 0) {
    const gone = before.difference(await istiodPods(clients));
    await Promise.all(clients.map((client) => giveBackLeases(client, gone)));
  }
  return removed;
}

const isTag = ({ object }: Found): boolean => object.metadata.labels?.['istio.io/tag'] !== undefined;

async function unwantedIn(run: Run, client: KubeClient): Promise<Found[]> {
  const owned = await findObjects(client, isOwned, ownerSelector);
  return owned
    .filter(({ object }) => !run.wanted.has(keyOf({ cluster: client.name, object })))
    .map(({ kind, object }) => ({ kind, object: { ...object, kind: kind.kind } }));
}
