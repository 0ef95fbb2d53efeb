/** What `up` would do, found by the same parts and by dry runs of the API servers. Nothing is changed, neither there nor in the state. */
import { type Kind, KubeApiError, KubeClient, type KubeObject } from '../../kube/index.ts';
import { type Mesh, type MeshCluster, managementClusterOf } from '../../spec/index.ts';
import { isForeign, whyUnfit } from '../apply.ts';
import { findObjects, isOwned, keyOf, nameOf, ownerSelector, stated } from '../owner.ts';
import { fieldManager, type MeshTarget, type Part, type PartContext, type Placed, type TrustStore } from '../part.ts';
import { parts } from '../parts/index.ts';
import type { Awaited, Waiter } from '../wait.ts';
import { AbsentCluster } from './absent-cluster.ts';
import { differences, type FieldChange } from './differences.ts';

export type PlannedAction = 'create' | 'change' | 'leave' | 'remove' | 'refused' | 'unknown';

export interface PlannedObject {
  part: string;
  cluster: string;
  /** Kind, and namespace/name. */
  object: string;
  action: PlannedAction;
  /** Of `change`. */
  fields?: FieldChange[];
  /** Of `refused`: what the API server says. Of `unknown`: what must be there before it can be said. */
  why?: string;
}

export interface PlannedCommand {
  part: string;
  cluster: string;
  /** The program and its arguments, without passwords that an address may hold. */
  command: string[];
  why: string;
  /** Whether it makes or changes something by itself; those that render objects do not. */
  changes: boolean;
}

export interface Plan {
  objects: PlannedObject[];
  commands: PlannedCommand[];
  /** Whether `up` would do anything. */
  changes: boolean;
}

export interface PlanOptions {
  mesh: Mesh;
  /** Of the clusters that are there; the others are planned as empty ones. */
  clusters: MeshTarget[];
  trust: TrustStore;
  signal?: AbortSignal;
}

/** @throws IsthmusError where `up` would end at once: a foreign root, files that do not fit. */
export async function planMesh(options: PlanOptions): Promise<Plan> {
  const { mesh } = options;
  const names = [...mesh.clusters, managementClusterOf(mesh)].flatMap((one) => one?.name ?? []);
  const clients = new Map(
    names.map((name) => {
      const target = options.clusters.find((one) => one.name === name);
      return [name, target ? new KubeClient({ ...target.connection, name }) : new AbsentCluster(name)];
    }),
  );
  // A root that would be made is made for the plan alone: it is the same for all parts, and is not kept.
  const trust: TrustStore = { load: () => options.trust.load(), save: async () => {} };
  const run: Run = { ...options, trust, clients };
  try {
    const units = mesh.clusters.flatMap((cluster) =>
      parts.filter((part) => part.applies(mesh, cluster)).map((part) => planUnit(run, part, cluster)),
    );
    const planned = await Promise.all(units);
    const wanted = new Set(planned.flatMap((unit) => unit.placed.map(keyOf)));
    const removals = await Promise.all(names.map((name) => planRemoval(clients.get(name)!, wanted)));
    const objects = [...planned.flatMap((unit) => unit.objects), ...removals.flat()];
    const commands = planned.flatMap((unit) => unit.commands);
    return { objects, commands, changes: objects.some((one) => one.action !== 'leave') };
  } finally {
    for (const client of clients.values()) await client[Symbol.asyncDispose]();
  }
}

interface Run extends PlanOptions {
  clients: Map<string, KubeClient>;
}

async function planUnit(run: Run, part: Part, cluster: MeshCluster) {
  const unmet: string[] = [];
  const context: PartContext = {
    mesh: run.mesh,
    cluster,
    client: run.clients.get(cluster.name)!,
    clientOf: (name) => run.clients.get(name)!,
    targetOf: (name) => run.clusters.find((one) => one.name === name) ?? absentTarget(name),
    trust: run.trust,
    wait: lookNow(unmet),
  };
  const placed = await part.desired(context);
  const objects = await Promise.all(
    placed.map(async (one): Promise<PlannedObject> => {
      run.signal?.throwIfAborted();
      const about = { part: part.name, cluster: one.cluster, object: nameOf(one.object) };
      return { ...about, ...(await planObject(run.clients.get(one.cluster)!, one, unmet)) };
    }),
  );
  const commands = ((await part.commands?.(context)) ?? []).map(
    ({ command, why }): PlannedCommand => ({
      ...{ part: part.name, cluster: part.place?.(run.mesh) ?? cluster.name, why, changes: false },
      command: command.map(withoutPassword),
    }),
  );
  return { placed, objects, commands };
}

/** Of an address such as a chart's repository. */
const withoutPassword = (text: string): string => text.replace(/^([a-z]+:\/\/)[^/@]*@/, '$1(secret)@');

const unknownYet = '(known when it is made)';
const absentTarget = (name: string): MeshTarget => ({
  name,
  connection: { name, server: 'https://absent.invalid' },
  internalServer: unknownYet,
});

/** Waits for nothing: what is not there yet is assumed, and noted. */
function lookNow(unmet: string[]): Waiter {
  return {
    async for<T extends KubeObject>({ client, kind, name, namespace, judge, assumed }: Awaited<T>): Promise<T> {
      const found = await client.find<T>(kind, name, namespace);
      const lack = judge(found);
      if (found && !lack) return found;
      unmet.push(`${kind.kind} ${[namespace, name].filter(Boolean).join('/')} of ${client.name}: ${lack?.why}`);
      return assumed?.(unknownYet) ?? found!;
    },
  };
}

async function planObject(
  client: KubeClient,
  { object, fits }: Placed,
  unmet: string[],
): Promise<Pick<PlannedObject, 'action' | 'fields' | 'why'>> {
  const { name = '', namespace } = object.metadata;
  const kind = await client.kindOf(object.apiVersion, object.kind).catch(() => undefined);
  const before = kind && (await client.find(kind, name, namespace));
  if (!before) return { action: 'create' };
  if (isForeign(before, object)) {
    const why = whyUnfit(before, fits);
    return why === undefined ? { action: 'leave' } : { action: 'refused', why };
  }
  if (unmet.length > 0) return { action: 'unknown', why: unmet.join('; ') };
  try {
    const after = await dryRun(client, kind, stated(object, before));
    const fields = differences(before, after);
    return fields.length > 0 ? { action: 'change', fields } : { action: 'leave' };
  } catch (error) {
    if (error instanceof KubeApiError && error.status < 500) return { action: 'refused', why: error.message };
    throw error;
  }
}

const dryRun = (client: KubeClient, kind: Kind, object: Placed['object']): Promise<KubeObject> =>
  client.apply<KubeObject>(kind, object, { fieldManager, dryRun: true });

/** What we made and the mesh file asks for no more. */
async function planRemoval(client: KubeClient, wanted: Set<string>): Promise<PlannedObject[]> {
  const owned = await findObjects(client, isOwned, ownerSelector);
  return owned
    .filter(({ object }) => !wanted.has(keyOf({ cluster: client.name, object })))
    .map(({ object }) => ({ part: '', cluster: client.name, object: nameOf(object), action: 'remove' }));
}

/** Parts whose objects no request of an application passes by. */
const quiet = new Set([
  ...['custom-resources', 'prometheus-addresses', 'telemetry'],
  ...['kiali-home', 'kiali-access', 'kiali-secrets', 'kiali'],
]);

/** Whether a change of what is there may be felt by requests. What is created beside it is not. */
export const carriesTraffic = ({ part, action }: PlannedObject): boolean =>
  (action === 'change' || action === 'remove') && !quiet.has(part);
