/** WorkloadEntries and the endpoints that a ServiceEntry states, as endpoints: the rules of Istio's serviceentry/conversion.go. */
import type { KubeObject } from '../../../kube/index.ts';
import type { Locality, MeshEndpoint } from '../model.ts';

/** An endpoint before it is known whose port it serves. */
export interface StatedWorkload {
  base: Omit<MeshEndpoint, 'hostname' | 'port' | 'portName'>;
  /** Port of the workload, by the name of the service's port. */
  ports: Readonly<Record<string, number>>;
  name: string;
  namespace: string;
}

export interface StatingPlace {
  clusterId: string;
  trustDomain: string;
}

/** What a WorkloadEntry object says; labels of its metadata are its own as well, and go before those of its spec. */
export function workloadOfEntry(entry: KubeObject, place: StatingPlace): StatedWorkload {
  const spec = entry['spec'] ?? {};
  return stated({ ...spec, labels: { ...spec.labels, ...entry.metadata.labels } }, entry.metadata, place);
}

/** The endpoint of that index in a ServiceEntry's own list. */
export function workloadOfEndpoint(entry: KubeObject, index: number, place: StatingPlace): StatedWorkload {
  const { name = '', namespace = '' } = entry.metadata;
  return stated(entry['spec'].endpoints[index], { name: `${name}-${index}`, namespace }, place);
}

function stated(spec: any, metadata: { name?: string; namespace?: string }, place: StatingPlace): StatedWorkload {
  const { name = '', namespace = '' } = metadata;
  const labels: Record<string, string> = spec.labels ?? {};
  const locality = localityOf(spec.locality || labels['istio-locality']?.replaceAll('.', '/') || '');
  const network: string = spec.network ?? '';
  return {
    name,
    namespace,
    ports: spec.ports ?? {},
    base: {
      clusterId: place.clusterId,
      network,
      address: spec.address ?? '',
      health: 'unknown',
      weight: spec.weight || 1,
      // An account without a word on TLS means a workload of the mesh.
      tlsMode:
        (labels['security.istio.io/tlsMode'] ?? (spec.serviceAccount ? 'istio' : '')) === 'istio'
          ? 'istio'
          : 'disabled',
      serviceAccount: spec.serviceAccount
        ? `spiffe://${place.trustDomain}/ns/${namespace}/sa/${spec.serviceAccount}`
        : '',
      namespace,
      workloadName: name,
      labels: {
        ...labels,
        'topology.istio.io/cluster': place.clusterId,
        ...(network ? { 'topology.istio.io/network': network } : {}),
        ...(locality.region ? { 'topology.kubernetes.io/region': locality.region } : {}),
        ...(locality.zone ? { 'topology.kubernetes.io/zone': locality.zone } : {}),
        ...(locality.subzone ? { 'topology.istio.io/subzone': locality.subzone } : {}),
      },
      canonicalName:
        labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels['app'] ?? name,
      canonicalRevision:
        labels['service.istio.io/canonical-revision'] ??
        labels['app.kubernetes.io/version'] ??
        labels['version'] ??
        'latest',
      locality,
      nodeName: '',
    },
  };
}

function localityOf(text: string): Locality {
  const [region = '', zone = '', subzone = ''] = text.split('/');
  return { region, zone, subzone };
}

/** The workload's own word on a port goes before the service's target port, and that before the port itself. */
export function endpointOf(
  workload: StatedWorkload,
  hostname: string,
  port: { name: string; number: number; targetPort?: number },
): MeshEndpoint {
  return {
    ...workload.base,
    hostname,
    portName: port.name,
    port: workload.ports[port.name] || port.targetPort || port.number,
  };
}

export const isAddress = (text: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(text) || text.includes(':');

export const selects = (
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value);
