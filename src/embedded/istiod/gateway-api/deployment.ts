/** What a Gateway of class istio is deployed as: a ServiceAccount, a Deployment and a Service, which go with it (Istio's kube-gateway template). */
import type { KubeObject, OwnerReference, Pod } from '../../../kube/index.ts';
import { gatewayPod } from '../inject/gateway.ts';
import type { InjectionSettings } from '../inject/index.ts';
import { deploymentName, serviceAccountName } from './classes.ts';

const nameLabel = 'gateway.networking.k8s.io/gateway-name';
const classLabel = 'gateway.networking.k8s.io/gateway-class-name';
export const managedLabel = 'gateway.istio.io/managed';
const managedBy = 'istio.io-gateway-controller';

/** In the order in which they are applied. */
export function deploymentObjects(gateway: KubeObject, settings: InjectionSettings): KubeObject[] {
  const { name = '', namespace = '', uid = '' } = gateway.metadata;
  const ownLabels = { [nameLabel]: name, [classLabel]: gateway['spec'].gatewayClassName };
  const { labels, annotations } = infrastructureOf(gateway);
  const ownerReferences: OwnerReference[] = [
    { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name, uid },
  ];
  const metadata = (objectName: string, more: Record<string, string> = {}) => ({
    name: objectName,
    namespace,
    labels: { ...labels, ...ownLabels, ...more },
    annotations,
    ownerReferences,
  });
  const deployed = deploymentName(gateway);
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(serviceAccountName(gateway)) },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(deployed, { [managedLabel]: managedBy }),
      spec: {
        selector: { matchLabels: { [nameLabel]: name } },
        template: template(gateway, { ...labels, ...ownLabels, [managedLabel]: managedBy }, annotations, settings),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(deployed),
      spec: {
        ports: portsOf(gateway['spec'].listeners),
        selector: { [nameLabel]: name },
        type: gateway.metadata.annotations?.['networking.istio.io/service-type'] ?? 'LoadBalancer',
        ...(gateway['spec'].addresses?.[0] ? { loadBalancerIP: gateway['spec'].addresses[0].value } : {}),
      },
    },
  ];
}

/** spec.infrastructure says it all where it says something; else the Gateway's own labels and annotations are taken. */
function infrastructureOf({ metadata, spec }: KubeObject): {
  labels: Record<string, string>;
  annotations: Record<string, string>;
} {
  const left = [
    'kubectl.kubernetes.io/last-applied-configuration',
    'gateway.istio.io/name-override',
    'gateway.istio.io/service-account',
    'gateway.istio.io/controller-version',
  ];
  const annotations = Object.entries<string>(spec.infrastructure?.annotations ?? metadata.annotations ?? {});
  return {
    labels: spec.infrastructure?.labels ?? metadata.labels ?? {},
    annotations: Object.fromEntries(annotations.filter(([key]) => !left.includes(key))),
  };
}

/** The pod as injection would make it, written out: its proxy is all there is in it. */
function template(
  gateway: KubeObject,
  labels: Record<string, string>,
  annotations: Record<string, string>,
  settings: InjectionSettings,
): any {
  const { namespace = '' } = gateway.metadata;
  const name = deploymentName(gateway);
  // As a pod of the Deployment's, after which the proxy's workload is called.
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: '', controller: true };
  const pod: Pod = {
    metadata: {
      name,
      ownerReferences: [owner],
      labels: { 'sidecar.istio.io/inject': 'false', ...labels },
      annotations,
    },
    spec: {
      serviceAccountName: serviceAccountName(gateway),
      securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] },
      containers: [
        {
          name: 'istio-proxy',
          image: 'auto',
          ports: [
            { containerPort: 15_020, name: 'metrics', protocol: 'TCP' },
            { containerPort: 15_021, name: 'status-port', protocol: 'TCP' },
          ],
        },
      ],
    },
  };
  const { metadata, spec } = gatewayPod(pod, namespace, settings, {});
  return { metadata: { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} }, spec };
}

/** A port for each number that listeners have, called after the first of them; names of ports have no dots. */
function portsOf(listeners: any[]): any[] {
  const names = new Set(['status-port']);
  const ports = new Map<number, any>();
  for (const { name, port, protocol } of listeners) {
    if (ports.has(port)) continue;
    const short = name.replaceAll('.', '-').slice(0, 63);
    const free = names.has(short) ? `${short.slice(0, 62 - String(port).length)}-${port}` : short;
    names.add(free);
    ports.set(port, { name: free, port, protocol: 'TCP', appProtocol: protocol.toLowerCase() });
  }
  return [{ name: 'status-port', port: 15_021, protocol: 'TCP', appProtocol: 'tcp' }, ...ports.values()];
}
