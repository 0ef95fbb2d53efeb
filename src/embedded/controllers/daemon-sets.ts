/** DaemonSets: one pod on every node that it fits, replaced within maxSurge and maxUnavailable. */
import { type KubeObject, kinds, type Node, type Pod } from '../../kube/index.ts';
import { type ControllerContext, isPodAvailable, isPodReady, isTerminal, keyOf, putStatus } from './controller.ts';
import { type PodControl, type PodWork, podController } from './pod-control.ts';
import { forgetRevisions, keepRevisions } from './revisions.ts';
import { misfit } from './scheduler.ts';

const hashLabel = 'controller-revision-hash';
const component = 'daemonset-controller';

export const daemonSets = podController(kinds.DaemonSet, component, reconcile, (context, queue) => {
  context.informer(kinds.Node).on(({ type, object, old }) => {
    // The status of a node changes all the time, and decides nothing here.
    const same = (field: 'labels' | 'spec'): boolean =>
      JSON.stringify(field === 'labels' ? old?.metadata.labels : old?.['spec']) ===
      JSON.stringify(field === 'labels' ? object.metadata.labels : object['spec']);
    if (type === 'updated' && same('labels') && same('spec')) return;
    for (const set of context.informer(kinds.DaemonSet).list()) queue.add(keyOf(set));
  });
});

async function reconcile({ context, pods }: PodWork, namespace: string, name: string): Promise<void> {
  const set = context.informer(kinds.DaemonSet).get(namespace, name);
  if (!set) return pods.forget(`${namespace}/${name}`);
  const { update, all } = await keepRevisions(context, kinds.DaemonSet, set, hashLabel);
  const hash = update.metadata.labels![hashLabel]!;
  const mine = await pods.claim(set);
  const nodes = context
    .informer<Node>(kinds.Node)
    .list()
    .filter((node) => belongsOn(set, node));
  const byNode = Map.groupBy(mine, nodeOf);
  if (!set.metadata.deletionTimestamp && pods.isSettled(set)) {
    const wanted = new Set(nodes.map((node) => node.metadata.name!));
    const removed = new Set(await removeFailed(context, pods, set, mine));
    for (const pod of mine)
      if (!wanted.has(nodeOf(pod)) && !removed.has(pod) && !pod.metadata.deletionTimestamp) await pods.remove(set, pod);
    for (const node of wanted) if (!byNode.get(node)?.length) await pods.create(set, podOn(set, node, hash));
    if (set['spec'].updateStrategy?.type !== 'OnDelete')
      await roll(
        pods,
        set,
        mine.filter((pod) => wanted.has(nodeOf(pod)) && !removed.has(pod)),
        hash,
        wanted.size,
      );
  }
  await writeStatus(context, set, nodes, byNode, hash);
  await forgetRevisions(context, set, all, (one) =>
    [hash, ...mine.map((pod) => pod.metadata.labels?.[hashLabel])].includes(one.metadata.labels?.[hashLabel]),
  );
}

/** The node that a pod is on, or, before it is bound, for which it was made. */
function nodeOf(pod: Pod): string {
  const terms = pod.spec['affinity']?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return pod.spec['nodeName'] ?? terms?.[0]?.matchFields?.[0]?.values?.[0] ?? '';
}

/** What every pod of a DaemonSet tolerates: it stays on nodes that are in trouble. */
const tolerations = [
  'not-ready',
  'unreachable',
  'disk-pressure',
  'memory-pressure',
  'pid-pressure',
  'unschedulable',
].map((name, index) => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  effect: index < 2 ? 'NoExecute' : 'NoSchedule',
}));

function belongsOn(set: KubeObject, node: Node): boolean {
  const { spec } = set['spec'].template;
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return false;
  return (
    misfit({ metadata: {}, spec: { ...spec, tolerations: [...(spec.tolerations ?? []), ...tolerations] } }, node) ===
    undefined
  );
}

/** The pod for a node, tied to it by an affinity, so that the scheduler binds it like any other. */
function podOn(set: KubeObject, node: string, hash: string): Pod {
  const { metadata, spec } = set['spec'].template;
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  const known: any[] | undefined =
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const nodeSelectorTerms = (known ?? [{}]).map((term) => ({ ...term, matchFields }));
  return {
    metadata: {
      ...metadata,
      generateName: `${set.metadata.name}-`,
      labels: { ...metadata?.labels, [hashLabel]: hash },
    },
    spec: {
      ...spec,
      affinity: {
        ...spec.affinity,
        nodeAffinity: {
          ...spec.affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
        },
      },
      tolerations: [...(spec.tolerations ?? []), ...tolerations],
    },
  };
}

/** A pod that ended (by eviction, say) makes room for a new one. */
async function removeFailed(
  context: ControllerContext,
  pods: PodControl,
  set: KubeObject,
  mine: Pod[],
): Promise<Pod[]> {
  const ended = mine.filter((pod) => isTerminal(pod) && !pod.metadata.deletionTimestamp);
  for (const pod of ended) {
    const message = `Found failed daemon pod ${keyOf(pod)} on node ${nodeOf(pod)}, will try to kill it`;
    context.event(set, 'Warning', 'FailedDaemonPod', message, component);
    await pods.remove(set, pod);
  }
  return ended;
}

const absolute = (value: string | number | undefined, total: number): number =>
  typeof value === 'string' && value.endsWith('%')
    ? Math.ceil((Number.parseInt(value, 10) * total) / 100)
    : Number(value ?? 0);

/** Takes old pods away as far as maxUnavailable allows; with maxSurge the new one comes first. */
async function roll(pods: PodControl, set: KubeObject, mine: Pod[], hash: string, total: number): Promise<void> {
  const { maxUnavailable = 1, maxSurge = 0 } = set['spec'].updateStrategy?.rollingUpdate ?? {};
  const surge = absolute(maxSurge, total);
  const live = mine.filter((pod) => !pod.metadata.deletionTimestamp);
  const isOld = (pod: Pod): boolean => pod.metadata.labels?.[hashLabel] !== hash;
  const isAvailable = (pod: Pod): boolean => isPodAvailable(pod, set['spec'].minReadySeconds);
  if (surge > 0) {
    const newer = live.filter((pod) => !isOld(pod));
    let room = surge - newer.filter((pod) => !isAvailable(pod)).length;
    for (const pod of live.filter(isOld)) {
      const successor = newer.find((one) => nodeOf(one) === nodeOf(pod));
      if (successor ? isAvailable(successor) : false) await pods.remove(set, pod);
      else if (!successor && room-- > 0) await pods.create(set, podOn(set, nodeOf(pod), hash));
    }
    return;
  }
  let room = Math.max(1, absolute(maxUnavailable, total)) - (total - live.filter(isAvailable).length);
  for (const pod of live.filter(isOld)) {
    if (isAvailable(pod) && room-- <= 0) continue;
    await pods.remove(set, pod);
  }
}

async function writeStatus(
  context: ControllerContext,
  set: KubeObject,
  nodes: Node[],
  byNode: Map<string, Pod[]>,
  hash: string,
): Promise<void> {
  const wanted = new Set(nodes.map((node) => node.metadata.name!));
  const counts = { current: 0, ready: 0, available: 0, updated: 0 };
  for (const node of wanted) {
    const live = (byNode.get(node) ?? []).filter((pod) => !pod.metadata.deletionTimestamp);
    if (live.length > 0) counts.current++;
    if (live.some(isPodReady)) counts.ready++;
    if (live.some((pod) => isPodAvailable(pod, set['spec'].minReadySeconds))) counts.available++;
    if (live.some((pod) => pod.metadata.labels?.[hashLabel] === hash)) counts.updated++;
  }
  const unavailable = wanted.size - counts.available;
  await putStatus(context, kinds.DaemonSet, set, {
    desiredNumberScheduled: wanted.size,
    currentNumberScheduled: counts.current,
    numberMisscheduled: [...byNode.keys()].filter((node) => node && !wanted.has(node)).length,
    numberReady: counts.ready,
    ...(counts.updated > 0 ? { updatedNumberScheduled: counts.updated } : {}),
    ...(counts.available > 0 ? { numberAvailable: counts.available } : {}),
    ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
    observedGeneration: set.metadata.generation,
  });
}
