/** Services that are written as ServiceEntries: one for each host, with the endpoints that the entry states, selects, or has found by DNS. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshEndpoint, MeshService } from '../model.ts';
import type { ClusterRegistry } from './cluster-registry.ts';
import { statedProtocol } from './protocol.ts';
import {
  endpointOf,
  isAddress,
  type StatedWorkload,
  type StatingPlace,
  selects,
  workloadOfEndpoint,
  workloadOfEntry,
} from './workload-entries.ts';

const resolutions: Record<string, MeshService['resolution']> = {
  STATIC: 'ClientSideLB',
  DNS: 'DNSLB',
  DNS_ROUND_ROBIN: 'DNSRoundRobinLB',
};

/** The services of an entry, without endpoints; `key` is the hostname still. */
export function servicesOfEntry(entry: KubeObject): MeshService[] {
  const spec = entry['spec'] ?? {};
  const { namespace = '', labels = {}, creationTimestamp = '' } = entry.metadata;
  const statedAddresses: string[] = (spec.addresses ?? []).map((one: string) => one.replace(/\/32$/, ''));
  return (spec.hosts ?? []).map((written: string): MeshService => {
    const hostname = written.toLowerCase();
    return {
      key: hostname,
      hostname,
      origin: 'ServiceEntry',
      name: hostname,
      namespace,
      ports: (spec.ports ?? []).map((port: any) => ({
        name: port.name ?? '',
        port: port.number,
        protocol: statedProtocol(port.protocol),
      })),
      addresses: new Map(),
      defaultAddress: '',
      statedAddresses,
      aliases: [],
      selector: spec.workloadSelector?.labels,
      headless: false,
      resolution: resolutions[spec.resolution] ?? 'Passthrough',
      meshExternal: spec.location !== 'MESH_INTERNAL',
      labels,
      exportTo: spec.exportTo ?? [],
      serviceAccounts: new Set<string>(spec.subjectAltNames ?? []),
      internalTrafficPolicyLocal: false,
      createdAt: creationTimestamp,
      clusterLocal: false,
    };
  });
}

export const isDns = ({ resolution }: Pick<MeshService, 'resolution'>): boolean =>
  resolution === 'DNSLB' || resolution === 'DNSRoundRobinLB';

export interface EntrySources {
  registries: ClusterRegistry[];
  workloadEntries: readonly KubeObject[];
  place: StatingPlace;
}

/** Endpoints of one of an entry's services. What is not an IP address counts only where DNS is to find it. */
export function endpointsOfEntry(entry: KubeObject, service: MeshService, sources: EntrySources): MeshEndpoint[] {
  const spec = entry['spec'] ?? {};
  const ports: { name: string; number: number; targetPort?: number }[] = spec.ports ?? [];
  const each = (workloads: StatedWorkload[]): MeshEndpoint[] =>
    workloads
      .filter(({ base }) => isDns(service) || isAddress(base.address))
      .flatMap((workload) => ports.map((port) => endpointOf(workload, service.hostname, port)));
  if (spec.workloadSelector) return each(selectedWorkloads(entry, sources));
  const count = (spec.endpoints ?? []).length;
  if (count > 0) return each([...Array(count).keys()].map((index) => workloadOfEndpoint(entry, index, sources.place)));
  if (!isDns(service)) return [];
  // The host itself is what DNS is asked for.
  const { name = '', namespace = '' } = entry.metadata;
  const itself: KubeObject = { metadata: { name, namespace }, spec: { address: service.hostname } };
  return each([workloadOfEntry(itself, sources.place)]);
}

/** Pods of all clusters, and WorkloadEntries, of the entry's own namespace. */
function selectedWorkloads(entry: KubeObject, { registries, workloadEntries, place }: EntrySources): StatedWorkload[] {
  const { namespace = '' } = entry.metadata;
  const labels: Record<string, string> = entry['spec'].workloadSelector.labels ?? {};
  const pods = registries.flatMap((registry) => registry.readyWorkloads(namespace, labels));
  const entries = workloadEntries
    .filter((one) => one.metadata.namespace === namespace)
    .map((one) => ({ one, workload: workloadOfEntry(one, place) }))
    .filter(({ one }) => selects(labels, { ...one['spec']?.labels, ...one.metadata.labels }))
    .map(({ workload }) => workload);
  return [...pods, ...entries];
}
