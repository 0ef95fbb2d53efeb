import type { AdsNode } from './ads-client.ts';

/** What a proxy of the cluster `east` says of itself, without there being one. */
export function madeUpNode(
  type: 'sidecar' | 'router',
  address: string,
  qualified: string,
  labels: Record<string, string>,
): AdsNode {
  const [name = '', namespace = ''] = qualified.split('.');
  return {
    id: `${type}~${address}~${qualified}~${namespace}.svc.cluster.local`,
    metadata: {
      CLUSTER_ID: 'east',
      NETWORK: 'network1',
      NAMESPACE: namespace,
      NAME: name,
      ISTIO_VERSION: '1.31.0',
      MESH_ID: 'mesh1',
      INSTANCE_IPS: address,
      SERVICE_ACCOUNT: name,
      INTERCEPTION_MODE: 'REDIRECT',
      LABELS: { ...labels, 'topology.istio.io/network': 'network1' },
      NODE_NAME: 'node-a',
    },
    locality: { region: 'r1', zone: 'z1', sub_zone: 's1' },
  };
}
