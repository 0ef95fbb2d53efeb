/** Workloads follow the control plane to another revision: their proxies are injected anew, by restarts as `kubectl rollout restart` does them. */
import { setTimeout as pause } from 'node:timers/promises';
import { IsthmusError } from '../errors/index.ts';
import { type Kind, type KubeClient, type KubeObject, kinds, type OwnerReference, type Pod } from '../kube/index.ts';
import type { Mesh } from '../spec/index.ts';
import { revisionOf } from './istio/index.ts';
import { systemNamespace } from './part.ts';
import { explainDeployment, whyNotAvailable } from './predicates.ts';
import type { Waiter } from './wait.ts';

const annotation = 'istio.io/rev';
const workloadKinds: Record<string, Kind> = {
  Deployment: kinds.Deployment,
  StatefulSet: kinds.StatefulSet,
  DaemonSet: kinds.DaemonSet,
};

export interface Restarted {
  cluster: string;
  /** Kind and namespace/name. */
  workload: string;
}

/**
 * Restarts what has proxies of a revision that is ours and not the mesh's, and waits until it is ready. Its control plane runs meanwhile.
 * @param old revisions whose control planes are about to be removed from the cluster
 * @throws IsthmusError `mesh.old-revision` for pods that nothing would make again
 */
export async function moveProxies(
  client: KubeClient,
  mesh: Mesh,
  old: string[],
  options: { wait: Waiter; deadline: number; signal: AbortSignal; tell: (workload: string) => void },
): Promise<Restarted[]> {
  const wanted = revisionOf(mesh) ?? 'default';
  const served = async (): Promise<Pod[]> => {
    const { items } = await client.list<Pod>(kinds.Pod);
    return items.filter(({ metadata }) => {
      const revision = metadata.annotations?.[annotation] ?? 'default';
      const hasProxy = metadata.annotations?.['sidecar.istio.io/status'] !== undefined;
      return hasProxy && old.includes(revision) && revision !== wanted;
    });
  };
  const left = (await served()).filter((pod) => !pod.metadata.deletionTimestamp);
  const workloads = new Map<string, { kind: Kind; namespace: string; name: string }>();
  const orphans: string[] = [];
  for (const pod of left) {
    const { namespace = '', name = '' } = pod.metadata;
    const owner = await workloadOf(client, pod);
    if (owner) workloads.set(`${owner.kind.kind} ${namespace}/${owner.name}`, { ...owner, namespace });
    else orphans.push(`${namespace}/${name}`);
  }
  if (orphans.length > 0) throw leftBehind(client, old, orphans.join(', '), 'nothing would make them again');
  await Promise.all([...workloads].map(([workload, one]) => restart(client, one, options, workload)));
  // Those that end still answer: they keep their control plane until they are gone.
  for (let pods = await served(); pods.length > 0; pods = await served()) {
    const names = pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ');
    if (Date.now() > options.deadline) throw leftBehind(client, old, names, 'they do not end');
    await pause(250, undefined, { signal: options.signal });
  }
  return [...workloads.keys()].map((workload) => ({ cluster: client.name, workload }));
}

const leftBehind = (client: KubeClient, old: string[], pods: string, why: string): IsthmusError =>
  new IsthmusError({
    code: 'mesh.old-revision',
    fault: 'user',
    what: `pods are still served by the control plane that is to go (${old.join(', ')})`,
    where: client.name,
    why: `${why}: ${pods}`,
    fix: 'make them anew yourself, then run `isthmus up`: it goes on where it stood',
  });

async function restart(
  client: KubeClient,
  { kind, namespace, name }: { kind: Kind; namespace: string; name: string },
  { wait, tell }: { wait: Waiter; tell: (workload: string) => void },
  workload: string,
): Promise<void> {
  tell(workload);
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  await client.patch(kind, name, namespace, { spec: { template: { metadata: { annotations } } } }, { type: 'merge' });
  if (kind !== kinds.Deployment) return;
  await wait.for({
    client,
    kind,
    name,
    namespace,
    judge: whyNotAvailable as (object: KubeObject | undefined) => ReturnType<typeof whyNotAvailable>,
    explain: () => explainDeployment(client, namespace, name),
  });
}

async function workloadOf(client: KubeClient, pod: KubeObject): Promise<{ kind: Kind; name: string } | undefined> {
  const owner = controllerOf(pod);
  if (!owner) return undefined;
  const kind = workloadKinds[owner.kind];
  if (kind) return { kind, name: owner.name };
  if (owner.kind !== 'ReplicaSet') return undefined;
  const set = await client.find(kinds.ReplicaSet, owner.name, pod.metadata.namespace);
  const above = set && controllerOf(set);
  return above?.kind === 'Deployment' ? { kind: kinds.Deployment, name: above.name } : undefined;
}

const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find((one) => one.controller);

/** Revisions of the control planes among objects that are about to be removed: istiod's own, or in a remote the webhook that led to it. */
export function revisionsOf(objects: KubeObject[]): string[] {
  const found = objects
    .filter(
      ({ kind, metadata }) =>
        (kind === 'Deployment' && metadata.namespace === systemNamespace && metadata.labels?.['app'] === 'istiod') ||
        (kind === 'MutatingWebhookConfiguration' && metadata.name?.startsWith('istio-sidecar-injector')),
    )
    .map(({ metadata }) => metadata.labels?.[annotation] ?? 'default');
  return [...new Set(found)];
}
