/** StatefulSets: pods with ordinals, names and claims of their own, one after the other or in parallel, rolled from the highest downwards. */
import { type KubeObject, kinds, type Pod } from '../../kube/index.ts';
import {
  availableInMs,
  type ControllerContext,
  isPodAvailable,
  isPodReady,
  isTerminal,
  keyOf,
  putStatus,
} from './controller.ts';
import { type PodControl, type PodWork, podController } from './pod-control.ts';
import { forgetRevisions, keepRevisions, type Revisions, templateOf } from './revisions.ts';
import { keepClaims, releaseClaims } from './stateful-set-claims.ts';
import { podOf, revisionLabel } from './stateful-set-pods.ts';

export const statefulSets = podController(kinds.StatefulSet, 'statefulset-controller', reconcile);

async function reconcile({ context, pods, queue }: PodWork, namespace: string, name: string): Promise<void> {
  const set = context.informer(kinds.StatefulSet).get(namespace, name);
  if (!set) return pods.forget(`${namespace}/${name}`);
  const revisions = await keepRevisions(context, kinds.StatefulSet, set, 'controller.kubernetes.io/hash');
  const mine = (await pods.claim(set)).filter((pod) => ordinalOf(set, pod) >= 0);
  if (!set.metadata.deletionTimestamp && pods.isSettled(set)) {
    const action = nextActions(set, mine, revisions);
    await keepClaims(
      context,
      set,
      mine.filter((pod) => !isCondemned(set, pod)),
    );
    for (const { ordinal, revision } of action.create) await makePod(context, pods, set, ordinal, revision);
    for (const pod of action.remove) {
      if (isCondemned(set, pod)) await releaseClaims(context, set, pod);
      await pods.remove(set, pod);
    }
  }
  await writeStatus(context, set, mine, revisions);
  await forgetRevisions(context, set, revisions.all, (one) =>
    [...mine.map(revisionOf), set['status']?.currentRevision, revisions.update.metadata.name].includes(
      one.metadata.name,
    ),
  );
  const wait = set['spec'].minReadySeconds ?? 0;
  const waiting = mine.filter((pod) => isPodReady(pod) && !isPodAvailable(pod, wait));
  if (waiting.length > 0) queue.addAfter(keyOf(set), Math.min(...waiting.map((pod) => availableInMs(pod, wait))) + 50);
}

/** The ordinal in a pod's name; -1 for a pod that has none. */
export function ordinalOf(set: KubeObject, pod: KubeObject): number {
  const [, parent, ordinal] = /^(.*)-(\d+)$/.exec(pod.metadata.name ?? '') ?? [];
  return parent === set.metadata.name ? Number(ordinal) : -1;
}

const revisionOf = (pod: KubeObject): string | undefined => pod.metadata.labels?.[revisionLabel];
const firstOrdinal = (set: KubeObject): number => set['spec'].ordinals?.start ?? 0;

/** Whether the ordinal is beyond what the set wants. */
function isCondemned(set: KubeObject, pod: KubeObject): boolean {
  const ordinal = ordinalOf(set, pod);
  return ordinal < firstOrdinal(set) || ordinal >= firstOrdinal(set) + set['spec'].replicas;
}

export interface Actions {
  create: { ordinal: number; revision: KubeObject }[];
  remove: Pod[];
}

/**
 * What is to be done now. With OrderedReady a pod is made when all before it are available, and one taken away when all others are; an
 * update takes the highest pod of an old revision when all above it are available.
 */
export function nextActions(set: KubeObject, pods: Pod[], { update, all }: Revisions): Actions {
  const { spec, status = {} } = set;
  const first = firstOrdinal(set);
  const ordered = spec.podManagementPolicy !== 'Parallel';
  const minReadySeconds: number = spec.minReadySeconds ?? 0;
  const isHealthy = (pod: Pod): boolean => isPodAvailable(pod, minReadySeconds) && !pod.metadata.deletionTimestamp;
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  const partition: number = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  const current = all.find((one) => one.metadata.name === status.currentRevision) ?? update;
  // Below the partition pods come back as they were.
  const revisionFor = (ordinal: number): KubeObject => (ordinal < first + partition ? current : update);
  const actions: Actions = { create: [], remove: [] };
  for (let ordinal = first; ordinal < first + spec.replicas; ordinal++) {
    const pod = byOrdinal.get(ordinal);
    if (!pod) actions.create.push({ ordinal, revision: revisionFor(ordinal) });
    else if (isTerminal(pod) && !pod.metadata.deletionTimestamp) actions.remove.push(pod);
    else if (isHealthy(pod)) continue;
    if (ordered) return actions;
  }
  const condemned = pods.filter((pod) => isCondemned(set, pod)).sort((a, b) => ordinalOf(set, b) - ordinalOf(set, a));
  if (ordered) {
    const [last] = condemned;
    const unhealthy = pods.filter((pod) => !isHealthy(pod));
    const mayGo = last && !last.metadata.deletionTimestamp && unhealthy.every((pod) => pod === last);
    if (mayGo) actions.remove.push(last);
    if (condemned.length > 0) return actions;
  } else actions.remove.push(...condemned.filter((pod) => !pod.metadata.deletionTimestamp));
  if (spec.updateStrategy?.type === 'OnDelete' || actions.create.length > 0) return actions;
  const wanted = pods.filter((pod) => !isCondemned(set, pod)).sort((a, b) => ordinalOf(set, b) - ordinalOf(set, a));
  let room = Math.max(1, Number.parseInt(String(spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1), 10));
  for (const pod of wanted) {
    if (room <= 0 || ordinalOf(set, pod) < first + partition) break;
    if (revisionOf(pod) !== update.metadata.name && !pod.metadata.deletionTimestamp) {
      if (!actions.remove.includes(pod)) actions.remove.push(pod);
      room--;
    } else if (!isHealthy(pod)) room--;
  }
  return actions;
}

async function makePod(
  context: ControllerContext,
  pods: PodControl,
  set: KubeObject,
  ordinal: number,
  revision: KubeObject,
): Promise<void> {
  const pod = podOf(set, ordinal, templateOf(revision), revision.metadata.name!);
  await keepClaims(context, set, [pod]);
  await pods.create(set, pod);
}

async function writeStatus(
  context: ControllerContext,
  set: KubeObject,
  pods: Pod[],
  { update }: Revisions,
): Promise<void> {
  const { status = {}, spec } = set;
  const live = pods.filter((pod) => !pod.metadata.deletionTimestamp && !isTerminal(pod));
  const updateName = update.metadata.name!;
  const currentName: string = status.currentRevision || updateName;
  const ready = live.filter(isPodReady).length;
  const updated = live.filter((pod) => revisionOf(pod) === updateName).length;
  const current = live.filter((pod) => revisionOf(pod) === currentName).length;
  const complete =
    spec.updateStrategy?.type !== 'OnDelete' &&
    updated === live.length &&
    live.length === spec.replicas &&
    ready === spec.replicas;
  await putStatus(context, kinds.StatefulSet, set, {
    observedGeneration: set.metadata.generation,
    replicas: pods.length,
    ...(ready > 0 ? { readyReplicas: ready } : {}),
    availableReplicas: live.filter((pod) => isPodAvailable(pod, spec.minReadySeconds)).length,
    ...((complete ? updated : current) > 0 ? { currentReplicas: complete ? updated : current } : {}),
    ...(updated > 0 ? { updatedReplicas: updated } : {}),
    currentRevision: complete ? updateName : currentName,
    updateRevision: updateName,
    collisionCount: 0,
  });
}
