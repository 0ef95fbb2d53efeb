/** What sidecars and gateways have in common: environment, volumes, labels, as Istio's templates give them. */
import type { Pod } from '../../../kube/index.ts';
import { workloadNameOf } from '../registry/cluster-registry.ts';
import type { InjectionSettings } from './index.ts';

export const containerName = 'istio-proxy';

export function proxyEnvironment(
  pod: Pod,
  namespace: string,
  settings: InjectionSettings,
  extra: Record<string, string>,
): any[] {
  const fieldRef = (name: string, fieldPath: string) => ({
    name,
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
  });
  const workload = workloadOf(pod);
  const ports = (pod.spec['containers'] ?? []).flatMap((one: any) =>
    one.name === containerName ? [] : (one.ports ?? []),
  );
  const apps = (pod.spec['containers'] ?? [])
    .map((one: any) => one.name)
    .filter((name: string) => name !== containerName);
  const owner = pod.metadata.ownerReferences?.find((one) => one.controller);
  const ownerText =
    owner?.kind === 'ReplicaSet'
      ? `kubernetes://apis/apps/v1/namespaces/${namespace}/deployments/${workload}`
      : `kubernetes://apis/${owner?.apiVersion ?? 'v1'}/namespaces/${namespace}/pods/${workload}`;
  return [
    { name: 'PILOT_CERT_PROVIDER', value: 'istiod' },
    { name: 'CA_ADDR', value: settings.discoveryAddress },
    fieldRef('POD_NAME', 'metadata.name'),
    fieldRef('POD_NAMESPACE', 'metadata.namespace'),
    fieldRef('INSTANCE_IP', 'status.podIP'),
    fieldRef('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
    fieldRef('HOST_IP', 'status.hostIP'),
    { name: 'ISTIO_CPU_LIMIT', value: '1' },
    {
      name: 'PROXY_CONFIG',
      value: JSON.stringify({ ...settings.proxyConfig, discoveryAddress: settings.discoveryAddress }),
    },
    { name: 'ISTIO_META_POD_PORTS', value: JSON.stringify(ports) },
    { name: 'ISTIO_META_APP_CONTAINERS', value: apps.join(',') },
    { name: 'ISTIO_META_CLUSTER_ID', value: settings.clusterId },
    fieldRef('ISTIO_META_NODE_NAME', 'spec.nodeName'),
    { name: 'ISTIO_META_INTERCEPTION_MODE', value: 'REDIRECT' },
    ...(settings.network ? [{ name: 'ISTIO_META_NETWORK', value: settings.network }] : []),
    { name: 'ISTIO_META_WORKLOAD_NAME', value: workload },
    { name: 'ISTIO_META_OWNER', value: ownerText },
    ...(settings.meshId ? [{ name: 'ISTIO_META_MESH_ID', value: settings.meshId }] : []),
    { name: 'TRUST_DOMAIN', value: settings.trustDomain },
    ...Object.entries({ ...(settings.proxyConfig['proxyMetadata'] as Record<string, unknown>), ...extra }).map(
      ([name, value]) => ({
        name,
        value: String(value),
      }),
    ),
  ];
}

export function workloadOf(pod: Pod): string {
  const { metadata } = pod;
  // A pod that a ReplicaSet makes has no name yet when it comes here.
  return workloadNameOf({
    metadata: { ...metadata, name: metadata.name ?? metadata.generateName?.replace(/-$/, '') ?? '' },
  });
}

export const proxyMounts = [
  { name: 'workload-socket', mountPath: '/var/run/secrets/workload-spiffe-uds' },
  { name: 'credential-socket', mountPath: '/var/run/secrets/credential-uds' },
  { name: 'workload-certs', mountPath: '/var/run/secrets/workload-spiffe-credentials' },
  { name: 'istiod-ca-cert', mountPath: '/var/run/secrets/istio' },
  { name: 'istio-data', mountPath: '/var/lib/istio/data' },
  { name: 'istio-envoy', mountPath: '/etc/istio/proxy' },
  { name: 'istio-token', mountPath: '/var/run/secrets/tokens' },
  { name: 'istio-podinfo', mountPath: '/etc/istio/pod' },
];

export const proxyVolumes = [
  { name: 'workload-socket', emptyDir: {} },
  { name: 'credential-socket', emptyDir: {} },
  { name: 'workload-certs', emptyDir: {} },
  { name: 'istio-envoy', emptyDir: { medium: 'Memory' } },
  { name: 'istio-data', emptyDir: {} },
  {
    name: 'istio-podinfo',
    downwardAPI: {
      items: [
        { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
        { path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } },
      ],
    },
  },
  {
    name: 'istio-token',
    projected: {
      sources: [{ serviceAccountToken: { path: 'istio-token', expirationSeconds: 43_200, audience: 'istio-ca' } }],
    },
  },
  // Not optional: without the root nothing the proxy does could be trusted, so the pod waits for it.
  { name: 'istiod-ca-cert', configMap: { name: 'istio-ca-root-cert' } },
];

export function injectedLabels(pod: Pod, settings: InjectionSettings, tls: boolean): Record<string, string> {
  const labels = pod.metadata.labels ?? {};
  return {
    ...(tls ? { 'security.istio.io/tlsMode': 'istio' } : {}),
    'service.istio.io/canonical-name': labels['app.kubernetes.io/name'] ?? labels['app'] ?? workloadOf(pod),
    'service.istio.io/canonical-revision': labels['app.kubernetes.io/version'] ?? labels['version'] ?? 'latest',
    ...(settings.network ? { 'topology.istio.io/network': settings.network } : {}),
    ...labels,
  };
}

export function injectedAnnotations(
  pod: Pod,
  settings: InjectionSettings,
  containers: string[],
  initContainers: string[],
): Record<string, string> {
  const status = {
    initContainers,
    containers,
    volumes: proxyVolumes.map((one) => one.name),
    imagePullSecrets: null,
    revision: settings.revision,
  };
  return {
    'istio.io/rev': settings.revision,
    'prometheus.io/path': '/stats/prometheus',
    'prometheus.io/port': '15020',
    'prometheus.io/scrape': 'true',
    ...pod.metadata.annotations,
    'sidecar.istio.io/status': JSON.stringify(status),
  };
}

/** Volumes of the pod with the proxy's added; a name that is there already is the pod's own. */
export function withVolumes(spec: Record<string, any>): any[] {
  const own: any[] = spec['volumes'] ?? [];
  return [...proxyVolumes.filter((volume) => !own.some((one) => one.name === volume.name)), ...own];
}

export const readyProbe = { httpGet: { path: '/healthz/ready', port: 15_021 } };
