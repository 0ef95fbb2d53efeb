/** The proxy at the other end, from its node ID and metadata (parsed leniently, as Istio does) and completed from the registry. */
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import type { NodeFacts } from './messages.ts';

/** @throws Error for a node ID that is not `<type>~<ip>~<pod>.<ns>~<domain>`. */
export function proxyOf(node: NodeFacts, snapshot: MeshSnapshot): MeshProxy {
  const parts = node.id.split('~');
  const [type, address, qualified] = parts as [string, string, string];
  if (parts.length !== 4 || (type !== 'sidecar' && type !== 'router'))
    throw new Error(
      `invalid node ID ${JSON.stringify(node.id)}: it must be sidecar or router, address, name.namespace and domain, joined by ~`,
    );
  const { metadata } = node;
  const namespace = String(metadata['NAMESPACE'] ?? qualified.split('.').at(-1));
  const name = String(metadata['NAME'] ?? qualified.slice(0, -namespace.length - 1));
  const clusterId = String(metadata['CLUSTER_ID'] ?? '');
  const workload = snapshot.workloads.get(`${clusterId}/${namespace}/${name}`);
  const { region = '', zone = '', sub_zone: subzone = '' } = node.locality ?? {};
  return {
    nodeId: node.id,
    type,
    address,
    name,
    namespace,
    clusterId,
    network: String(metadata['NETWORK'] ?? ''),
    requestedNetworkView: list(metadata['REQUESTED_NETWORK_VIEW']),
    labels: stringMap(workload?.labels ?? metadata['LABELS']),
    serviceAccount: String(metadata['SERVICE_ACCOUNT'] ?? workload?.serviceAccount ?? ''),
    // What the registry knows of the node wins over what the proxy was started with.
    locality: workload?.locality.region ? workload.locality : { region, zone, subzone },
    metadata: { ...metadata, TRUST_DOMAIN: snapshot.meshConfig.trustDomain },
  };
}

function list(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string'
    ? value
        .split(',')
        .map((one) => one.trim())
        .filter(Boolean)
    : [];
}

function stringMap(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries((value ?? {}) as Record<string, unknown>).map(([key, one]) => [key, String(one)]),
  );
}
