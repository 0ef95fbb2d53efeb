import type { KubeObject } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { type IstioKind, isGatewayApiKind } from '../model/observed-kinds.ts';
import { readsConfiguration } from './index-by-service.ts';

/** Classes that Istio makes by itself. */
export const istioClasses = ['istio', 'istio-remote', 'istio-waypoint', 'istio-east-west'];
const istioController = /^istio\.io\//;

/** Whether Istio carries out Gateways of a class: it says so in the class, or is known by the class's name. */
export function isIstioClass(cluster: ClusterModel, name: string): boolean {
  const found = cluster.get('K8sGatewayClass', undefined, name);
  return found ? istioController.test(found['spec']?.controllerName ?? '') : istioClasses.includes(name);
}

/** Istio's configuration needs an istiod in its cluster. Of the Gateway API much may be for others, and only Gateways say for whom they are. */
export function isInEffect(cluster: ClusterModel, kind: IstioKind, object: KubeObject): boolean {
  if (readsConfiguration(cluster)) return true;
  if (!isGatewayApiKind(kind)) return false;
  return kind !== 'K8sGateway' || !isIstioClass(cluster, object['spec']?.gatewayClassName ?? '');
}
