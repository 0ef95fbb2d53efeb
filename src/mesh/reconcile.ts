/** Brings the clusters to what the mesh file says: every part in every cluster as soon as what it needs stands. */
import { KubeClient, kinds, type Service } from '../kube/index.ts';
import type { Mesh, MeshCluster } from '../spec/index.ts';
import { applyObject, nameOf } from './apply.ts';
import { type MeshTarget, type Part, type PartContext, systemNamespace, type TrustStore } from './part.ts';
import { parts } from './parts/index.ts';
import { addressOf } from './predicates.ts';
import { waiter } from './wait.ts';

export interface ReconcileEvent {
  part: string;
  cluster: string;
  state: 'applying' | 'waiting' | 'ready' | 'unchanged' | 'failed';
  detail?: string;
}

export interface PartResult {
  part: string;
  cluster: string;
  created: string[];
  changed: string[];
  unchanged: number;
}

export interface ReconcileResult {
  parts: PartResult[];
  /** Whether anything was created or changed. */
  changed: boolean;
  addresses: { cluster: string; service: string; address: string }[];
}

export interface ReconcileOptions {
  mesh: Mesh;
  clusters: MeshTarget[];
  trust: TrustStore;
  progress?: (event: ReconcileEvent) => void;
  signal?: AbortSignal;
  /** Milliseconds for all waits together. */
  timeoutMs?: number;
}

/** @throws IsthmusError of the first part that cannot be brought up; the others are ended, and what was applied stays. */
export async function reconcile(options: ReconcileOptions): Promise<ReconcileResult> {
  const { mesh } = options;
  const abort = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal;
  const clients = new Map(options.clusters.map((target) => [target.name, new KubeClient(target.connection)]));
  const deadline = Date.now() + (options.timeoutMs ?? 120_000);
  const units = new Map<string, Promise<PartResult>>();
  const start = (part: Part, cluster: MeshCluster): Promise<PartResult> => {
    const key = `${part.name}/${cluster.name}`;
    const known = units.get(key);
    if (known) return known;
    const needed = part.needs(mesh, cluster).flatMap((place) => {
      const other = parts.find((one) => one.name === place.part)!;
      const where = mesh.clusters.find((one) => one.name === place.cluster)!;
      return other.applies(mesh, where) ? [start(other, where)] : [];
    });
    const unit = Promise.all(needed).then(() => bringUp(part, cluster));
    units.set(key, unit);
    return unit;
  };
  const bringUp = async (part: Part, cluster: MeshCluster): Promise<PartResult> => {
    const tell = (state: ReconcileEvent['state'], detail?: string) =>
      options.progress?.({ part: part.name, cluster: cluster.name, state, ...(detail ? { detail } : {}) });
    const clientOf = (name: string): KubeClient => clients.get(name)!;
    const context: PartContext = {
      mesh,
      cluster,
      client: clientOf(cluster.name),
      clientOf,
      targetOf: (name) => options.clusters.find((target) => target.name === name)!,
      trust: options.trust,
      wait: waiter({ deadline, signal, tell: (reason) => tell('waiting', reason) }),
    };
    tell('applying');
    const result: PartResult = { part: part.name, cluster: cluster.name, created: [], changed: [], unchanged: 0 };
    for (const placed of await part.desired(context)) {
      signal.throwIfAborted();
      const outcome = await applyObject(clientOf(placed.cluster), placed.object);
      if (outcome === 'unchanged') result.unchanged++;
      else result[outcome].push(nameOf(placed.object));
    }
    await part.ready(context);
    tell(result.created.length + result.changed.length > 0 ? 'ready' : 'unchanged');
    return result;
  };
  try {
    const all = mesh.clusters.flatMap((cluster) =>
      parts.filter((part) => part.applies(mesh, cluster)).map((part) => start(part, cluster)),
    );
    const results = await Promise.all(all);
    const addresses = await readAddresses(clients);
    return { parts: results, changed: results.some((one) => one.created.length + one.changed.length > 0), addresses };
  } catch (error) {
    abort.abort(error);
    await Promise.allSettled(units.values());
    throw options.signal?.aborted ? options.signal.reason : error;
  } finally {
    for (const client of clients.values()) await client[Symbol.asyncDispose]();
  }
}

async function readAddresses(clients: Map<string, KubeClient>): Promise<ReconcileResult['addresses']> {
  const found = await Promise.all(
    [...clients].map(async ([cluster, client]) => {
      const { items } = await client.list<Service>(kinds.Service, { namespace: systemNamespace });
      return items.flatMap((service) => {
        const address = addressOf(service);
        return address ? [{ cluster, service: service.metadata.name ?? '', address }] : [];
      });
    }),
  );
  return found.flat();
}
