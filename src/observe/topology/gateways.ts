import type { KubeObject } from '../../kube/index.ts';
import { statusOf } from '../health/workload-status.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { isGateway, type Workload } from '../model/workload.ts';
import type { GatewayView } from '../types/index.ts';

/** Istio's port for traffic between networks. */
export const crossNetworkPort = 15_443;

/** Gateways as their Services show them: addresses, ports and whether anything stands behind. */
export function gatewaysOf(cluster: ClusterModel): GatewayView[] {
  return cluster.list('Service').flatMap((service) => {
    const selector = service['spec']?.selector;
    if (!selector) return [];
    const type = typeOf(service);
    const behind = cluster.workloads.selected(service.metadata.namespace ?? '', selector);
    if (type !== 'eastwest' && !behind.some(isGateway)) return [];
    return [viewOf(cluster, service, type, behind)];
  });
}

export function isEastWest(labels: Record<string, string> | undefined): boolean {
  return labels?.['istio'] === 'eastwestgateway' || labels?.['topology.istio.io/network'] !== undefined;
}

function typeOf(service: KubeObject): GatewayView['type'] {
  const { labels } = service.metadata;
  const ports: any[] = service['spec']?.ports ?? [];
  if (isEastWest(labels) || ports.some((one) => one.port === crossNetworkPort)) return 'eastwest';
  return labels?.['istio'] === 'egressgateway' ? 'egress' : 'ingress';
}

function viewOf(
  cluster: ClusterModel,
  service: KubeObject,
  type: GatewayView['type'],
  behind: Workload[],
): GatewayView {
  const { namespace = '', name = '', labels = {} } = service.metadata;
  const statuses = behind.map((one) => statusOf(one));
  const desired = statuses.reduce((sum, one) => sum + one.desiredReplicas, 0);
  const ready = statuses.reduce((sum, one) => sum + one.availableReplicas, 0);
  const ingress: any[] = service['status']?.loadBalancer?.ingress ?? [];
  const addresses = [...(service['spec']?.externalIPs ?? []), ...ingress.map((one) => one.ip ?? one.hostname)].filter(
    Boolean,
  );
  const network = labels['topology.istio.io/network'] ?? cluster.network;
  const fault = faultOf({ cluster, namespace, name, type, behind, desired, ready, addresses, service });
  return {
    cluster: cluster.name,
    namespace,
    name,
    type,
    ...(network ? { network } : {}),
    addresses,
    ports: (service['spec']?.ports ?? []).map(({ name: port = '', port: number, targetPort }: any) => ({
      name: port,
      port: number,
      ...(targetPort === undefined ? {} : { targetPort }),
    })),
    replicas: { desired, ready },
    ...fault,
  };
}

function faultOf(one: {
  cluster: ClusterModel;
  namespace: string;
  name: string;
  type: GatewayView['type'];
  behind: Workload[];
  desired: number;
  ready: number;
  addresses: string[];
  service: KubeObject;
}): Pick<GatewayView, 'state' | 'why' | 'fix'> {
  const { cluster, namespace, name, behind, desired, ready, addresses, service } = one;
  const kubectl = `kubectl --context ${cluster.context} -n ${namespace}`;
  const workload = behind[0];
  if (!workload)
    return {
      state: 'broken',
      why: `no workload carries the labels that Service ${name} selects`,
      fix: `${kubectl} get deploy,pods`,
    };
  const target = `${workload.kind.toLowerCase()}/${workload.name}`;
  if (desired === 0)
    return { state: 'broken', why: `${workload.name} is scaled to 0`, fix: `${kubectl} scale ${target} --replicas=1` };
  if (ready === 0)
    return {
      state: 'broken',
      why: `none of ${desired} replicas of ${workload.name} is available`,
      fix: `${kubectl} describe ${target}`,
    };
  if (service['spec']?.type === 'LoadBalancer' && addresses.length === 0)
    return {
      state: one.type === 'eastwest' ? 'broken' : 'degraded',
      why: `Service ${name} has no address: no load balancer has given it one`,
      fix: `${kubectl} describe service ${name}`,
    };
  if (ready < desired)
    return { state: 'degraded', why: `${ready} of ${desired} replicas of ${workload.name} are available` };
  return { state: 'ok' };
}
