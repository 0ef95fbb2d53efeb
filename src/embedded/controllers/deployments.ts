/** Deployments: one ReplicaSet per template, rolled over within maxSurge and maxUnavailable. */
import { createHash } from 'node:crypto';
import { type Deployment, type KubeObject, kinds, type ReplicaSet } from '../../kube/index.ts';
import {
  type Controller,
  type ControllerContext,
  keyedQueue,
  keyOf,
  ownerOf,
  putStatus,
  sorted,
  withCondition,
} from './controller.ts';

const revisionKey = 'deployment.kubernetes.io/revision';
const hashKey = 'pod-template-hash';

export const deployments: Controller = {
  name: 'deployment',
  start(context) {
    const queue = keyedQueue(context, 'deployment', (namespace, name) => reconcile(context, namespace, name));
    context.informer(kinds.Deployment).on(({ object }) => queue.add(keyOf(object)));
    context.informer(kinds.ReplicaSet).on(({ object }) => {
      const owner = ownerOf(object, 'Deployment');
      if (owner) queue.add(`${object.metadata.namespace}/${owner}`);
    });
    return queue;
  },
};

async function reconcile(context: ControllerContext, namespace: string, name: string): Promise<void> {
  const deployment = context.informer<Deployment>(kinds.Deployment).get(namespace, name);
  if (!deployment || deployment.metadata.deletionTimestamp) return;
  const sets = context
    .informer<ReplicaSet>(kinds.ReplicaSet)
    .list(namespace)
    .filter((set) => set.metadata.ownerReferences?.some((owner) => owner.uid === deployment.metadata.uid));
  const template = templateText(deployment.spec['template']);
  let current = sets.find((set) => templateText(withoutHash(set.spec['template'])) === template);
  if (deployment.spec['paused'] && !current) return writeStatus(context, deployment, sets, undefined);
  if (!current) {
    current = await createSet(context, deployment, sets, template);
    sets.push(current);
  } else current = await keepRevision(context, current, sets);
  await keepDeploymentRevision(context, deployment, current);
  const old = sets.filter((set) => set !== current && set.metadata.uid !== current.metadata.uid);
  if (deployment.spec['strategy'].type === 'Recreate') await recreate(context, deployment, current, old);
  else await roll(context, deployment, current, old);
  await writeStatus(context, deployment, sets, current);
  await forget(context, deployment, old);
}

const templateText = (template: any): string => JSON.stringify(sorted(template));

function withoutHash(template: any): any {
  const { [hashKey]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

async function createSet(
  context: ControllerContext,
  deployment: Deployment,
  sets: ReplicaSet[],
  template: string,
): Promise<ReplicaSet> {
  const hash = createHash('sha256').update(template).digest('hex').slice(0, 10);
  const { name, namespace, uid } = deployment.metadata;
  const spec = deployment.spec;
  const labels = { ...spec['template'].metadata?.labels, [hashKey]: hash };
  const total = sets.reduce((sum, set) => sum + (set.spec['replicas'] ?? 0), 0);
  const first =
    sets.length === 0 || spec['strategy'].type === 'Recreate'
      ? spec['replicas']
      : Math.max(0, spec['replicas'] + limits(deployment).surge - total);
  const made = await context.client.create<ReplicaSet>(kinds.ReplicaSet, {
    metadata: {
      name: `${name}-${hash}`,
      namespace: namespace!,
      labels,
      annotations: {
        [revisionKey]: String(newestRevision(sets) + 1),
        'deployment.kubernetes.io/desired-replicas': String(spec['replicas']),
      },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: name!,
          uid: uid!,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      replicas: sets.length > 0 && spec['strategy'].type === 'Recreate' ? 0 : Math.min(first, spec['replicas']),
      selector: { ...spec['selector'], matchLabels: { ...spec['selector'].matchLabels, [hashKey]: hash } },
      template: { ...spec['template'], metadata: { ...spec['template'].metadata, labels } },
      ...(spec['minReadySeconds'] ? { minReadySeconds: spec['minReadySeconds'] } : {}),
    },
  });
  context.event(
    deployment,
    'Normal',
    'ScalingReplicaSet',
    `Scaled up replica set ${made.metadata.name} from 0 to ${made.spec['replicas']}`,
    'deployment-controller',
  );
  return made;
}

const revisionOf = (object: KubeObject): number => Number(object.metadata.annotations?.[revisionKey] ?? 0);
const newestRevision = (sets: KubeObject[]): number => Math.max(0, ...sets.map(revisionOf));

/** A template that comes back (rollback) gets a new revision. */
async function keepRevision(context: ControllerContext, current: ReplicaSet, sets: ReplicaSet[]): Promise<ReplicaSet> {
  const newest = newestRevision(sets.filter((set) => set !== current));
  if (revisionOf(current) > newest) return current;
  return annotate(context, current, String(newest + 1), kinds.ReplicaSet);
}

async function keepDeploymentRevision(
  context: ControllerContext,
  deployment: Deployment,
  current: ReplicaSet,
): Promise<void> {
  const revision = current.metadata.annotations?.[revisionKey];
  if (revision && deployment.metadata.annotations?.[revisionKey] !== revision)
    await annotate(context, deployment, revision, kinds.Deployment);
}

function annotate<T extends KubeObject>(
  context: ControllerContext,
  object: T,
  revision: string,
  kind: (typeof kinds)['Deployment'],
): Promise<T> {
  const { name = '', namespace } = object.metadata;
  return context.client.patch<T>(
    kind,
    name,
    namespace,
    { metadata: { annotations: { [revisionKey]: revision } } },
    { type: 'merge' },
  );
}

/** Absolute numbers of what may be too many and what may be missing; both cannot be zero. */
export function limits(deployment: { spec: Record<string, any> }): { surge: number; unavailable: number } {
  const { replicas, strategy } = deployment.spec as any;
  const resolve = (value: string | number | undefined, round: (x: number) => number): number =>
    typeof value === 'string' && value.endsWith('%')
      ? round((Number.parseInt(value, 10) * replicas) / 100)
      : Number(value ?? 0);
  const surge = resolve(strategy?.rollingUpdate?.maxSurge, Math.ceil);
  const unavailable = resolve(strategy?.rollingUpdate?.maxUnavailable, Math.floor);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

async function roll(
  context: ControllerContext,
  deployment: Deployment,
  current: ReplicaSet,
  old: ReplicaSet[],
): Promise<void> {
  const wanted: number = deployment.spec['replicas'];
  const { surge, unavailable } = limits(deployment);
  const size = (set: ReplicaSet): number => set.spec['replicas'] ?? 0;
  const oldTotal = old.reduce((sum, set) => sum + size(set), 0);
  if (oldTotal === 0) return scale(context, deployment, current, wanted);
  const room = wanted + surge - oldTotal - size(current);
  const target = size(current) > wanted ? wanted : Math.min(wanted, size(current) + Math.max(0, room));
  await scale(context, deployment, current, target);
  // Old pods may go as far as enough available ones remain; those that never became available go first.
  const available = [current, ...old].reduce((sum, set) => sum + (set.status?.['availableReplicas'] ?? 0), 0);
  const newUnavailable = target - (current.status?.['availableReplicas'] ?? 0);
  let mayGo = oldTotal + target - (wanted - unavailable) - newUnavailable;
  let mayLose = available - (wanted - unavailable);
  for (const set of [...old].sort((a, b) => revisionOf(a) - revisionOf(b))) {
    const broken = Math.min(size(set) - (set.status?.['availableReplicas'] ?? 0), Math.max(0, mayGo));
    const healthy = Math.min(size(set) - broken, Math.max(0, mayLose), Math.max(0, mayGo - broken));
    mayGo -= broken + healthy;
    mayLose -= healthy;
    await scale(context, deployment, set, size(set) - broken - healthy);
  }
}

async function recreate(
  context: ControllerContext,
  deployment: Deployment,
  current: ReplicaSet,
  old: ReplicaSet[],
): Promise<void> {
  for (const set of old) await scale(context, deployment, set, 0);
  if (old.every((set) => (set.status?.['replicas'] ?? 0) === 0))
    await scale(context, deployment, current, deployment.spec['replicas']);
}

async function scale(
  context: ControllerContext,
  deployment: Deployment,
  set: ReplicaSet,
  replicas: number,
): Promise<void> {
  const before = set.spec['replicas'];
  if (before === replicas) return;
  await context.client.patch(
    kinds.ReplicaSet,
    set.metadata.name!,
    set.metadata.namespace,
    { spec: { replicas } },
    { type: 'merge' },
  );
  set.spec = { ...set.spec, replicas };
  const direction = replicas > before ? 'up' : 'down';
  context.event(
    deployment,
    'Normal',
    'ScalingReplicaSet',
    `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`,
    'deployment-controller',
  );
}

async function writeStatus(
  context: ControllerContext,
  deployment: Deployment,
  sets: ReplicaSet[],
  current: ReplicaSet | undefined,
): Promise<void> {
  const sum = (field: string, of: ReplicaSet[]): number =>
    of.reduce((total, set) => total + (set.status?.[field] ?? 0), 0);
  const wanted: number = deployment.spec['replicas'];
  const available = sum('availableReplicas', sets);
  const replicas = sum('replicas', sets);
  const updated = current ? sum('replicas', [current]) : 0;
  const enough = available >= wanted - limits(deployment).unavailable;
  let conditions = withCondition(
    deployment.status?.['conditions'],
    'Available',
    enough ? 'True' : 'False',
    enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
  );
  const complete = updated === wanted && replicas === wanted && available === wanted;
  if (current)
    conditions = complete
      ? withCondition(
          conditions,
          'Progressing',
          'True',
          'NewReplicaSetAvailable',
          `ReplicaSet "${current.metadata.name}" has successfully progressed.`,
        )
      : withCondition(
          conditions,
          'Progressing',
          'True',
          'ReplicaSetUpdated',
          `ReplicaSet "${current.metadata.name}" is progressing.`,
        );
  const status = {
    observedGeneration: deployment.metadata.generation,
    ...positive({
      replicas,
      updatedReplicas: updated,
      readyReplicas: sum('readyReplicas', sets),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, wanted - available),
    }),
    conditions,
  };
  await putStatus(context, kinds.Deployment, deployment, status);
}

const positive = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

async function forget(context: ControllerContext, deployment: Deployment, old: ReplicaSet[]): Promise<void> {
  const idle = old.filter(
    (set) => set.spec['replicas'] === 0 && !set.status?.['replicas'] && !set.metadata.deletionTimestamp,
  );
  const surplus = idle.length - (deployment.spec['revisionHistoryLimit'] ?? 10);
  for (const set of idle.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, surplus)))
    await context.client.delete(kinds.ReplicaSet, set.metadata.name!, set.metadata.namespace).catch(() => {});
}
