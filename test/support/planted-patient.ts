/** The two clusters of planted-proxies.ts with all else that a mesh needs to be healthy: trust, webhooks, remote secret, pools. */
import { createIntermediate, type KeyPair } from '../../src/pki/index.ts';
import { type PlantedProxies, type PlantedSide, plantProxies } from './planted-proxies.ts';

const system = 'istio-system';
export const encoded = (text: string): string => Buffer.from(text).toString('base64');

export async function plantPatient(): Promise<PlantedProxies> {
  const mesh = await plantProxies();
  for (const side of [mesh.east, mesh.west]) {
    await plantTrust(side, mesh.root);
    plantWebhooks(side, mesh.root.certPem);
  }
  const { east, west } = mesh;
  east.get('Pod', 'istiod-1').spec.containers = [{ name: 'discovery', env: [{ name: 'CLUSTER_ID', value: 'east' }] }];
  west.get('Namespace', system).metadata.annotations = { 'topology.istio.io/controlPlaneClusters': 'east' };
  plantRemoteSecret(east, 'istio-remote-secret-west', 'west', 'header.e30.signature');
  east.put('IPAddressPool', 'metallb-system', 'pool', { spec: { addresses: ['192.168.49.20-192.168.49.29'] } });
  west.put('IPAddressPool', 'metallb-system', 'pool', { spec: { addresses: ['192.168.49.30/31'] } });
  return mesh;
}

/** cacerts with an intermediate of its own, and the root that proxies are given. */
export async function plantTrust(side: PlantedSide, root: KeyPair, days = 3_650): Promise<void> {
  const intermediate = await createIntermediate(root, { commonName: `Intermediate of ${side.name}`, days });
  const data = {
    'ca-cert.pem': encoded(intermediate.certPem),
    'ca-key.pem': encoded(intermediate.keyPem),
    'root-cert.pem': encoded(root.certPem),
    'cert-chain.pem': encoded(intermediate.certPem + root.certPem),
  };
  for (const [kind, name] of [
    ['Secret', 'cacerts'],
    ['ConfigMap', 'istio-ca-root-cert'],
  ] as const)
    if (side.get(kind, name)) side.remove(kind, name);
  side.put('Secret', system, 'cacerts', { data });
  side.put('ConfigMap', system, 'istio-ca-root-cert', { data: { 'root-cert.pem': root.certPem } });
}

function plantWebhooks(side: PlantedSide, root: string): void {
  const service = { name: 'istiod', namespace: system, port: 443, path: '/inject' };
  const webhooks = [
    { name: 'namespace.sidecar-injector.istio.io', clientConfig: { service, caBundle: encoded(root) } },
  ];
  side.put(
    'MutatingWebhookConfiguration',
    undefined,
    'istio-sidecar-injector',
    { webhooks },
    { 'istio.io/rev': 'default' },
  );
  side.put('Service', system, 'istiod', { spec: { type: 'ClusterIP', ports: [{ name: 'https-webhook', port: 443 }] } });
  const endpoints = [{ addresses: ['10.0.0.1'], conditions: { ready: true } }];
  side.put('EndpointSlice', system, 'istiod-1', { endpoints, ports: [] }, { 'kubernetes.io/service-name': 'istiod' });
}

export function plantRemoteSecret(
  side: PlantedSide,
  name: string,
  id: string,
  token: string,
  server = 'https://192.168.49.3:6443',
  namespace = system,
): void {
  const kubeconfig = {
    clusters: [{ name: id, cluster: { server } }],
    users: [{ name: id, user: token ? { token } : {} }],
  };
  side.put(
    'Secret',
    namespace,
    name,
    { data: { [id]: encoded(JSON.stringify(kubeconfig)) } },
    { 'istio/multiCluster': 'true' },
  );
}
