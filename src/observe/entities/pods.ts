import type { Pod } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { isReady } from '../model/workload.ts';
import { proxyStatuses } from '../topology/control-planes.ts';
import type { ClusterFacts } from '../topology/facts.ts';
import type { PodView, ProxyCertificate, ProxyStatus } from '../types/index.ts';

/** What istiods say of their proxies, by `cluster/pod.namespace`. */
export function proxyTable(
  clusters: ClusterModel[],
  factsOf: (cluster: ClusterModel) => ClusterFacts,
): Map<string, ProxyStatus> {
  const table = new Map<string, ProxyStatus>();
  for (const cluster of clusters)
    for (const { pod, syncz } of factsOf(cluster).istiods)
      for (const { cluster: of, ...status } of proxyStatuses(cluster.name, pod, syncz ?? []))
        table.set(`${of}/${status.proxy}`, status);
  return table;
}

export interface PodSources {
  proxies: Map<string, ProxyStatus>;
  /** Of the pod's proxy. */
  certificate?: ProxyCertificate | undefined;
}

export function podView(cluster: string, pod: Pod, { proxies, certificate }: PodSources): PodView {
  const { name = '', namespace = '', labels = {}, creationTimestamp } = pod.metadata;
  const status = pod.status ?? {};
  const proxyStatus = proxies.get(`${cluster}/${name}.${namespace}`);
  const ready = isReady(pod);
  const states: any[] = [...(status['initContainerStatuses'] ?? []), ...(status['containerStatuses'] ?? [])];
  const reason = ready ? undefined : unreadyReason(states, status);
  const container = (isInit: boolean) => (one: any) => {
    const found = states.find((state) => state.name === one.name);
    const [state = 'unknown'] = Object.keys(found?.state ?? {});
    return {
      name: one.name,
      image: one.image,
      ready: found?.ready ?? false,
      restarts: found?.restartCount ?? 0,
      isProxy: one.name === 'istio-proxy',
      isInit,
      state: found?.state?.[state]?.reason ?? state,
    };
  };
  return {
    cluster,
    namespace,
    name,
    labels,
    ...(creationTimestamp ? { createdAt: creationTimestamp } : {}),
    phase: pod.metadata.deletionTimestamp ? 'Terminating' : (status['phase'] ?? 'Unknown'),
    ready,
    ...(reason ? { reason } : {}),
    ...(status['podIP'] ? { ip: status['podIP'] } : {}),
    ...(pod.spec['nodeName'] ? { node: pod.spec['nodeName'] } : {}),
    serviceAccountName: pod.spec['serviceAccountName'] ?? 'default',
    containers: [
      ...(pod.spec['containers'] ?? []).map(container(false)),
      ...(pod.spec['initContainers'] ?? []).map(container(true)),
    ],
    ...(proxyStatus ? { proxyStatus } : {}),
    ...(certificate ? { certificate } : {}),
  };
}

function unreadyReason(states: any[], status: any): string {
  const waiting = states.find((one) => one.state?.waiting?.reason && !one.ready);
  if (waiting)
    return [`${waiting.name}: ${waiting.state.waiting.reason}`, waiting.state.waiting.message]
      .filter(Boolean)
      .join(': ');
  const condition = (status.conditions ?? []).find((one: any) => one.status === 'False' && one.message);
  return condition ? `${condition.reason}: ${condition.message}` : `phase ${status.phase ?? 'unknown'}`;
}
