/** The kinds that Isthmus works with, by the names that clients use in paths. Others are found by discovery. */

export interface Kind {
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
}

const core = (kind: string, plural: string, namespaced = true): Kind => ({
  group: '',
  version: 'v1',
  kind,
  plural,
  namespaced,
});
const of =
  (group: string, version: string) =>
  (kind: string, plural: string, namespaced = true): Kind => ({ group, version, kind, plural, namespaced });

const apps = of('apps', 'v1');
const batch = of('batch', 'v1');
const rbac = of('rbac.authorization.k8s.io', 'v1');
const admission = of('admissionregistration.k8s.io', 'v1');
const networking = of('networking.istio.io', 'v1');
const security = of('security.istio.io', 'v1');
const gatewayApi = 'gateway.networking.k8s.io';

export const kinds = {
  Pod: core('Pod', 'pods'),
  Service: core('Service', 'services'),
  Endpoints: core('Endpoints', 'endpoints'),
  ConfigMap: core('ConfigMap', 'configmaps'),
  Secret: core('Secret', 'secrets'),
  ServiceAccount: core('ServiceAccount', 'serviceaccounts'),
  Event: core('Event', 'events'),
  ReplicationController: core('ReplicationController', 'replicationcontrollers'),
  PersistentVolumeClaim: core('PersistentVolumeClaim', 'persistentvolumeclaims'),
  PersistentVolume: core('PersistentVolume', 'persistentvolumes', false),
  Namespace: core('Namespace', 'namespaces', false),
  Node: core('Node', 'nodes', false),
  Deployment: apps('Deployment', 'deployments'),
  ReplicaSet: apps('ReplicaSet', 'replicasets'),
  StatefulSet: apps('StatefulSet', 'statefulsets'),
  DaemonSet: apps('DaemonSet', 'daemonsets'),
  ControllerRevision: apps('ControllerRevision', 'controllerrevisions'),
  Job: batch('Job', 'jobs'),
  CronJob: batch('CronJob', 'cronjobs'),
  EndpointSlice: of('discovery.k8s.io', 'v1')('EndpointSlice', 'endpointslices'),
  Lease: of('coordination.k8s.io', 'v1')('Lease', 'leases'),
  HorizontalPodAutoscaler: of('autoscaling', 'v2')('HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  PodDisruptionBudget: of('policy', 'v1')('PodDisruptionBudget', 'poddisruptionbudgets'),
  NetworkPolicy: of('networking.k8s.io', 'v1')('NetworkPolicy', 'networkpolicies'),
  Ingress: of('networking.k8s.io', 'v1')('Ingress', 'ingresses'),
  Role: rbac('Role', 'roles'),
  RoleBinding: rbac('RoleBinding', 'rolebindings'),
  ClusterRole: rbac('ClusterRole', 'clusterroles', false),
  ClusterRoleBinding: rbac('ClusterRoleBinding', 'clusterrolebindings', false),
  MutatingWebhookConfiguration: admission('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', false),
  ValidatingWebhookConfiguration: admission('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', false),
  CustomResourceDefinition: of('apiextensions.k8s.io', 'v1')(
    'CustomResourceDefinition',
    'customresourcedefinitions',
    false,
  ),
  StorageClass: of('storage.k8s.io', 'v1')('StorageClass', 'storageclasses', false),
  PriorityClass: of('scheduling.k8s.io', 'v1')('PriorityClass', 'priorityclasses', false),
  TokenReview: of('authentication.k8s.io', 'v1')('TokenReview', 'tokenreviews', false),
  SubjectAccessReview: of('authorization.k8s.io', 'v1')('SubjectAccessReview', 'subjectaccessreviews', false),
  SelfSubjectAccessReview: of('authorization.k8s.io', 'v1')(
    'SelfSubjectAccessReview',
    'selfsubjectaccessreviews',
    false,
  ),
  IPAddressPool: of('metallb.io', 'v1beta1')('IPAddressPool', 'ipaddresspools'),
  L2Advertisement: of('metallb.io', 'v1beta1')('L2Advertisement', 'l2advertisements'),
  Gateway: networking('Gateway', 'gateways'),
  VirtualService: networking('VirtualService', 'virtualservices'),
  DestinationRule: networking('DestinationRule', 'destinationrules'),
  ServiceEntry: networking('ServiceEntry', 'serviceentries'),
  WorkloadEntry: networking('WorkloadEntry', 'workloadentries'),
  WorkloadGroup: networking('WorkloadGroup', 'workloadgroups'),
  Sidecar: networking('Sidecar', 'sidecars'),
  EnvoyFilter: of('networking.istio.io', 'v1alpha3')('EnvoyFilter', 'envoyfilters'),
  ProxyConfig: of('networking.istio.io', 'v1beta1')('ProxyConfig', 'proxyconfigs'),
  PeerAuthentication: security('PeerAuthentication', 'peerauthentications'),
  RequestAuthentication: security('RequestAuthentication', 'requestauthentications'),
  AuthorizationPolicy: security('AuthorizationPolicy', 'authorizationpolicies'),
  Telemetry: of('telemetry.istio.io', 'v1')('Telemetry', 'telemetries'),
  // Of the Gateway API, by the names that Kiali has for them here: a Gateway is Istio's.
  K8sGateway: of(gatewayApi, 'v1')('Gateway', 'gateways'),
  K8sHTTPRoute: of(gatewayApi, 'v1')('HTTPRoute', 'httproutes'),
  K8sGRPCRoute: of(gatewayApi, 'v1')('GRPCRoute', 'grpcroutes'),
  K8sTCPRoute: of(gatewayApi, 'v1')('TCPRoute', 'tcproutes'),
  K8sTLSRoute: of(gatewayApi, 'v1')('TLSRoute', 'tlsroutes'),
  K8sReferenceGrant: of(gatewayApi, 'v1beta1')('ReferenceGrant', 'referencegrants'),
  K8sGatewayClass: of(gatewayApi, 'v1')('GatewayClass', 'gatewayclasses', false),
  WasmPlugin: of('extensions.istio.io', 'v1alpha1')('WasmPlugin', 'wasmplugins'),
} as const satisfies Record<string, Kind>;

export function apiVersionOf(kind: Kind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** The path of a kind's collection, of one object in it, or of an object's subresource. */
export function pathOf(kind: Kind, namespace?: string, name?: string, subresource?: string): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${kind.plural}${object}${subresource ? `/${subresource}` : ''}`;
}

const byName = new Map<string, Kind>(Object.values(kinds).map((kind) => [`${apiVersionOf(kind)}/${kind.kind}`, kind]));

/** The kind of an object's apiVersion and kind, where the table has it. */
export function knownKind(apiVersion: string, kind: string): Kind | undefined {
  return byName.get(`${apiVersion}/${kind}`);
}
