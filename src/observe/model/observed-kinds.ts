/** What is watched in every cluster. Secrets and ConfigMaps are not among them: of those only the few that make a mesh are watched. */
import { type Kind, kinds } from '../../kube/index.ts';

/** Clusters need not serve them, and those that do may have them for somebody else than Istio. */
const gatewayApiKinds = [
  'K8sGateway',
  'K8sHTTPRoute',
  'K8sGRPCRoute',
  'K8sTCPRoute',
  'K8sTLSRoute',
  'K8sReferenceGrant',
] as const;

export const istioKinds = [
  'Gateway',
  'VirtualService',
  'DestinationRule',
  'ServiceEntry',
  'WorkloadEntry',
  'WorkloadGroup',
  'Sidecar',
  'EnvoyFilter',
  'ProxyConfig',
  'PeerAuthentication',
  'RequestAuthentication',
  'AuthorizationPolicy',
  'Telemetry',
  'WasmPlugin',
  ...gatewayApiKinds,
] as const;

export const workloadKinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job'] as const;

const observedKinds = [
  'Namespace',
  'Pod',
  'Service',
  'EndpointSlice',
  'ServiceAccount',
  ...workloadKinds,
  ...istioKinds,
  'K8sGatewayClass',
] as const;

export type IstioKind = (typeof istioKinds)[number];
export type ObservedKind = (typeof observedKinds)[number];
/** With those of which only some objects are seen: root certificates and mesh configuration, remote secrets, cacerts. */
export type ModelKind = ObservedKind | 'ConfigMap' | 'RemoteSecret' | 'CaSecret';

export const observed: { name: ObservedKind; kind: Kind }[] = observedKinds.map((name) => ({
  name,
  kind: kinds[name],
}));

export const isIstioKind = (name: string): name is IstioKind => (istioKinds as readonly string[]).includes(name);

export const isGatewayApiKind = (name: string): boolean =>
  name === 'K8sGatewayClass' || (gatewayApiKinds as readonly string[]).includes(name);
