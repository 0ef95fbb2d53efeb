/**
 * Pods of Deployments that were taken away. A namespace that is deleted while pods still end is looked at again by Kubernetes only after half
 * of their grace period; so they are waited for before.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  isNotFound,
  type KubeClient,
  type KubeObject,
  kinds,
  type OwnerReference,
  type Pod,
} from '../../kube/index.ts';
import type { Found } from '../owner.ts';

/** Istio's istiod does not end by SIGTERM within its 30 s, and when it is taken away no proxy is served by it any more. */
const istiodGraceSeconds = 2;

/** Waits for those pods until the deadline; what does not end by then is told by what cannot go without it. */
export async function untilPodsEnded(
  client: KubeClient,
  found: Found[],
  { deadline, signal }: { deadline: number; signal: AbortSignal },
): Promise<void> {
  const deployments = found.filter(({ kind }) => kind === kinds.Deployment).map(({ object }) => object);
  const hurried = new Set<string>();
  while (Date.now() < deadline) {
    const left = (await Promise.all(deployments.map((one) => podsOf(client, one)))).flat();
    if (left.length === 0) return;
    for (const pod of left.filter(isIstiod)) {
      const uid = pod.metadata.uid ?? '';
      if (hurried.has(uid) || !pod.metadata.deletionTimestamp) continue;
      hurried.add(uid);
      await endSoon(client, pod);
    }
    await pause(100, undefined, { signal });
  }
}

/** By its labels, and of no other Deployment's ReplicaSet. */
async function podsOf(client: KubeClient, { metadata, ...deployment }: KubeObject): Promise<Pod[]> {
  const labels: Record<string, string> = deployment['spec']?.selector?.matchLabels ?? {};
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  if (labelSelector === '') return [];
  const { items } = await client.list<Pod>(kinds.Pod, { namespace: metadata.namespace ?? '', labelSelector });
  const isOurs = ({ kind, name }: OwnerReference): boolean =>
    kind === 'ReplicaSet' && name.replace(/-[^-]+$/, '') === metadata.name;
  return items.filter((pod) => (pod.metadata.ownerReferences ?? []).some(isOurs));
}

const isIstiod = ({ metadata }: Pod): boolean => metadata.labels?.['app'] === 'istiod';

/** A pod that ends already can be told to end sooner. */
async function endSoon(client: KubeClient, { metadata: { name = '', namespace, uid } }: Pod): Promise<void> {
  const options = { gracePeriodSeconds: istiodGraceSeconds, ...(uid ? { preconditions: { uid } } : {}) };
  await client.delete(kinds.Pod, name, namespace, options).catch((error) => {
    if (!isNotFound(error)) throw error;
  });
}
