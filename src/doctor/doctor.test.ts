import { beforeEach, describe, expect, it } from 'vitest';
import { encoded, plantPatient, plantRemoteSecret, plantTrust } from '../../test/support/planted-patient.ts';
import type { PlantedProxies } from '../../test/support/planted-proxies.ts';
import { createRoot } from '../pki/index.ts';
import { checks } from './checks/index.ts';
import { type Diagnosis, diagnose } from './index.ts';

let mesh: PlantedProxies;
beforeEach(async () => {
  mesh = await plantPatient();
});

const look = (): Promise<Diagnosis> => diagnose({ clusters: mesh.clusters, graceMs: 10 });
const system = 'istio-system';
const secretData = (name = 'cacerts'): Record<string, string> => mesh.west.get('Secret', name).data;
const jwt = (exp: number): string => `h.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.s`;
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;
const envOf = (pod: any): any[] => pod.spec.containers.find((one: any) => one.name === 'istio-proxy').env;
const replaceSecret = (token: string, server?: string): void => {
  mesh.east.remove('Secret', 'istio-remote-secret-west');
  plantRemoteSecret(mesh.east, 'istio-remote-secret-west', 'west', token, server);
};

function plantKialiSecret(id: string, token = 'a.e30.c', server?: string): void {
  plantRemoteSecret(mesh.east, 'kiali-remote-cluster-secret-west', id, token, server);
  mesh.east.get('Secret', 'kiali-remote-cluster-secret-west').metadata.labels = { 'kiali.io/multiCluster': 'true' };
}

it('finds nothing wrong with a Kiali that is well, in the mesh or outside of it', async () => {
  plantKialiSecret('west');
  expect((await look()).findings).toEqual([]);
  const [east, west] = mesh.clusters;
  const found = await diagnose({ clusters: [west!, { ...east!, outside: true }], graceMs: 10 });
  expect(found.findings.filter((one) => one.code === 'ISM901')).toEqual([]);
  expect(found.examined).toEqual(['west', 'east']);
});

it('finds nothing in a mesh in which all is well', async () => {
  const found = await look();
  expect(found.findings).toEqual([]);
  expect(found.unread).toEqual([]);
  expect(found.healthy).toBe(true);
  expect(found.checks.every((one) => one.state === 'passed')).toBe(true);
});

/** Code, what is done to the mesh, what the message says, and what the fix says. */
const faults: [code: string, what: string, change: () => unknown, says: string, fix?: string][] = [
  [
    'ISM101',
    'proxies that name a cluster nobody knows',
    () => (envOf(mesh.west.get('Pod', 'curl-1'))[0].value = 'Kubernetes'),
    'say that they are in cluster Kubernetes',
    'delete pod curl-1',
  ],
  [
    'ISM102',
    "a cluster by Istio's default name",
    () => (mesh.east.get('Pod', 'istiod-1').spec.containers[0].env[0].value = 'Kubernetes'),
    'default name',
    'clusterName=east',
  ],
  [
    'ISM103',
    'a proxy that was started on another network',
    () => (envOf(mesh.west.get('Pod', 'curl-1'))[1].value = 'network1'),
    'was started on network network1, its endpoint is on network2',
  ],
  [
    'ISM103',
    'a system namespace without network',
    () => (mesh.west.get('Namespace', system).metadata.labels = {}),
    'has no label topology.istio.io/network',
  ],
  [
    'ISM201',
    'another root in the remote',
    async () => plantTrust(mesh.west, await createRoot({ commonName: 'Stranger' })),
    'Proxies of west trust CN=Stranger',
  ],
  [
    'ISM201',
    'no root in the remote',
    () => mesh.west.remove('ConfigMap', 'istio-ca-root-cert'),
    'west has no ConfigMap istio-system/istio-ca-root-cert',
  ],
  [
    'ISM202',
    'an intermediate that ends soon',
    () => plantTrust(mesh.west, mesh.root, 20),
    'ca-cert.pem of west/istio-system/cacerts ends in',
  ],
  ['ISM203', 'a part of cacerts', () => delete secretData()['cert-chain.pem'], 'cert-chain.pem is missing or empty'],
  [
    'ISM203',
    'a key of another certificate',
    () => (secretData()['ca-key.pem'] = mesh.east.get('Secret', 'cacerts').data['ca-key.pem']),
    'not the key',
  ],
  [
    'ISM203',
    'a chain without its root',
    async () => (secretData()['root-cert.pem'] = encoded((await createRoot({ commonName: 'Other' })).certPem)),
    'does not hang below its root',
  ],
  ['ISM203', 'a leaf for a CA', () => (secretData()['ca-cert.pem'] = encoded('nothing')), 'ca-cert.pem cannot be read'],
  [
    'ISM203',
    'cacerts of the wrong kind',
    () => {
      mesh.west.remove('Secret', 'cacerts');
      mesh.west.put('ConfigMap', system, 'cacerts', { data: {} });
    },
    'is a ConfigMap',
    'create secret generic cacerts',
  ],
  [
    'ISM301',
    'a gateway without address',
    () => (mesh.west.get('Service', 'istio-eastwestgateway').status = {}),
    'has no address',
  ],
  [
    'ISM302',
    'a network without gateway',
    () => mesh.west.remove('Service', 'istio-eastwestgateway'),
    'topology.istio.io/network=network2',
  ],
  [
    'ISM303',
    'pools that overlap',
    () => (mesh.west.get('IPAddressPool', 'pool').spec.addresses = ['192.168.49.28-192.168.49.40']),
    'overlap',
  ],
  [
    'ISM303',
    'a pool that is none',
    () => (mesh.west.get('IPAddressPool', 'pool').spec.addresses = ['-']),
    'has the range "-"',
  ],
  [
    'ISM401',
    'a gateway without the port',
    () => (mesh.west.get('Service', 'istio-eastwestgateway').spec.ports[0].port = 443),
    'has no port 15443 (it has 443)',
    '"port":15443',
  ],
  ['ISM402', 'nothing exposed', () => mesh.east.remove('Gateway', 'cross-network-gateway'), 'No Gateway of east'],
  [
    'ISM402',
    'TLS that is ended at the gateway',
    () => (mesh.east.get('Gateway', 'cross-network-gateway').spec.servers[0].tls.mode = 'ISTIO_MUTUAL'),
    'ends TLS on port 15443',
  ],
  [
    'ISM501',
    'a webhook without caBundle',
    () =>
      (mesh.west.get('MutatingWebhookConfiguration', 'istio-sidecar-injector').webhooks[0].clientConfig.caBundle = ''),
    'MutatingWebhookConfiguration west/istio-sidecar-injector has no caBundle',
  ],
  [
    'ISM501',
    'a webhook with another root',
    async () =>
      (mesh.west.get('MutatingWebhookConfiguration', 'istio-sidecar-injector').webhooks[0].clientConfig.caBundle =
        encoded((await createRoot({ commonName: 'X' })).certPem)),
    'trusts another root',
  ],
  [
    'ISM502',
    'a webhook to an ExternalName',
    () => (mesh.west.get('Service', 'istiod').spec.type = 'ExternalName'),
    'ExternalName',
  ],
  ['ISM502', 'a webhook to a Service that is gone', () => mesh.west.remove('Service', 'istiod'), 'which is not there'],
  [
    'ISM502',
    'a webhook to nobody',
    () => (mesh.west.get('EndpointSlice', 'istiod-1').endpoints = []),
    'no ready endpoint',
  ],
  [
    'ISM503',
    'a gateway with the image auto',
    () => (mesh.west.get('Pod', 'gateway-1').spec.containers[0].image = 'auto'),
    'has the image "auto"',
  ],
  [
    'ISM503',
    'a pod without the proxy that it asks for',
    () => mesh.west.get('Pod', 'curl-1').spec.containers.pop(),
    'has no proxy although',
  ],
  [
    'ISM504',
    'a remote without annotation',
    () => (mesh.west.get('Namespace', system).metadata.annotations = {}),
    'does not name its control plane',
    'controlPlaneClusters=east',
  ],
  [
    'ISM504',
    'a remote of somebody else',
    () =>
      (mesh.west.get('Namespace', system).metadata.annotations = { 'topology.istio.io/controlPlaneClusters': 'north' }),
    'names north',
  ],
  [
    'ISM601',
    'a remote secret where nobody looks',
    () => plantRemoteSecret(mesh.east, 'x', 'west', 'a.b.c', undefined, 'default'),
    'outside of istio-system',
  ],
  [
    'ISM602',
    'a kubeconfig that leads to itself',
    () => replaceSecret('a.e30.c', 'https://127.0.0.1:6443'),
    "istiod's own pod",
  ],
  ['ISM602', 'a kubeconfig without token', () => replaceSecret(''), 'neither a token nor a certificate'],
  ['ISM602', 'a token that has expired', () => replaceSecret(jwt(inSeconds(-60))), 'its token expired'],
  ['ISM602', 'a token that expires soon', () => replaceSecret(jwt(inSeconds(3_600))), 'its token expires on'],
  [
    'ISM602',
    'a token that is refused',
    () => (mesh.west.isTokenGood = false),
    'is refused by west',
    'create-remote-secret --context=west',
  ],
  [
    'ISM603',
    "a key that is no cluster's name",
    () => {
      mesh.east.remove('Secret', 'istio-remote-secret-west');
      plantRemoteSecret(mesh.east, 'istio-remote-secret-c2', 'cluster2', 'a.e30.c');
    },
    'west calls itself west',
    '--name=west',
  ],
  [
    'ISM603',
    'one key in two secrets',
    () => plantRemoteSecret(mesh.east, 'second', 'west', 'a.e30.c'),
    'keeps the first',
  ],
  [
    'ISM603',
    "a secret for istiod's own cluster",
    () => plantRemoteSecret(mesh.east, 'own', 'east', 'a.e30.c'),
    'own cluster',
  ],
  [
    'ISM604',
    'a remote that is not synced',
    () => ((mesh.east.pages.get('clusterz') as any[])[1].syncStatus = 'timeout'),
    'has not synced cluster west: timeout',
  ],
  [
    'ISM604',
    'a remote that nobody knows',
    () => (mesh.east.pages.get('clusterz') as any[]).pop(),
    'No istiod knows cluster west',
  ],
  [
    'ISM702',
    'a port by another name',
    () => (mesh.west.get('Service', 'helloworld').spec.ports[0].name = 'tcp'),
    '5000 (tcp) in west and 5000 (http) in east',
  ],
  [
    'ISM801',
    'configuration that nobody reads',
    () => mesh.west.put('VirtualService', 'sample', 'vs', { spec: {} }),
    'VirtualService west/sample/vs has no effect',
    'kubectl --context east apply',
  ],
  [
    'ISM802',
    'a proxy that is not connected',
    () => (mesh.east.pages.get('syncz') as any[]).pop(),
    'gateway-1 is not connected',
  ],
  [
    'ISM802',
    'a proxy that has refused',
    () => ((mesh.east.pages.get('syncz') as any[])[0].errors = { listener: 'no such filter' }),
    'no such filter',
  ],
  [
    'ISM802',
    'a proxy that is late',
    () => ((mesh.east.pages.get('syncz') as any[])[0].cluster_sent = '2'),
    'has not acknowledged its cluster',
  ],
  [
    'ISM803',
    'STRICT and DISABLE',
    () => {
      mesh.east.put('PeerAuthentication', 'sample', 'default', { spec: { mtls: { mode: 'STRICT' } } });
      mesh.east.put('DestinationRule', 'sample', 'plain', {
        spec: { host: 'helloworld', trafficPolicy: { tls: { mode: 'DISABLE' } } },
      });
    },
    'PeerAuthentication east/sample/default demands mutual TLS',
    'edit destinationrule plain',
  ],
  [
    'ISM901',
    'a Kiali that does not run',
    () =>
      mesh.east.put('Deployment', system, 'kiali', { spec: { replicas: 1 } }, { 'app.kubernetes.io/name': 'kiali' }),
    'Deployment east/istio-system/kiali does not serve',
    'logs deployment/kiali',
  ],
  ['ISM901', 'a name that Istio does not know', () => plantKialiSecret('wset'), 'no cluster that is looked at'],
  [
    'ISM901',
    'a token that has expired',
    () => plantKialiSecret('west', jwt(inSeconds(-60))),
    'its token expired',
    'isthmus secret rotate',
  ],
  ['ISM901', 'itself', () => plantKialiSecret('west', 'a.e30.c', 'https://127.0.0.1:6443'), "Kiali's own pod"],
];

describe('each fault is found by its check', () => {
  it.each(faults)('%s: %s', async (code, _what, change, says, fix = '') => {
    await change();
    const { findings, healthy } = await look();
    const own = findings.filter((one) => one.code === code);
    expect(own.map((one) => one.message).join('\n')).toContain(says);
    expect(own.map((one) => one.fix ?? '').join('\n')).toContain(fix);
    expect(healthy).toBe(false);
  });

  it('there is a fault here for every check', () => {
    expect(checks.map((one) => one.code).filter((code) => !faults.some((one) => one[0] === code))).toEqual([]);
    expect(new Set(checks.map((one) => one.code)).size).toBe(checks.length);
  });
});

it('never says a secret', async () => {
  replaceSecret(jwt(inSeconds(-60)));
  const text = JSON.stringify(await look());
  expect(text).not.toContain(jwt(inSeconds(-60)).split('.')[1]);
  expect(text).not.toContain('PRIVATE KEY');
});

it('judges the others when a cluster is silent, and says that it is', async () => {
  mesh.west.silent = true;
  const found = await look();
  expect(found.unread).toContainEqual({ cluster: 'west', what: 'pods', why: expect.stringContaining('no answer') });
  expect(found).toMatchObject({ healthy: false, examined: ['east'] });
  expect(found.checks.some((one) => one.state === 'unknown')).toBe(false);
});
