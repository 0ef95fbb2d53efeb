/** What a pod says of itself. */
import type { Pod } from '../../kube/index.ts';

export const isReady = (pod: Pod): boolean =>
  !pod.metadata.deletionTimestamp &&
  (pod['status']?.conditions ?? []).some((one: any) => one.type === 'Ready' && one.status === 'True');

export function envOf(containers: any[] | undefined, name: string): string | undefined {
  return containers?.flatMap((one) => one.env ?? []).find((one) => one.name === name)?.value;
}

/** The container istio-proxy, among the init containers where it is a native sidecar. */
export function proxyContainer(pod: Pod): any {
  return [...(pod.spec['containers'] ?? []), ...(pod.spec['initContainers'] ?? [])].find(
    (one: any) => one.name === 'istio-proxy',
  );
}

export const clusterIdOfPod = (pod: Pod): string | undefined => {
  const proxy = proxyContainer(pod);
  return proxy && envOf([proxy], 'ISTIO_META_CLUSTER_ID');
};

export function workloadOf(pod: Pod): string {
  const owner = pod.metadata.ownerReferences?.find((one) => one.controller);
  const hash = pod.metadata.labels?.['pod-template-hash'];
  if (!owner) return pod.metadata.name ?? '';
  return owner.kind === 'ReplicaSet' && hash && owner.name.endsWith(`-${hash}`)
    ? owner.name.slice(0, -hash.length - 1)
    : owner.name;
}
