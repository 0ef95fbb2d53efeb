import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { EndpointSlice, Pod, Service } from '../../kube/index.ts';
import { createIntermediate, createRoot, issueFromCsr } from '../../pki/index.ts';
import { decodeCertificateRequest, encodeCertificateResponse } from '../proto/index.ts';
import { keepCertificate } from './agent/workload-certificate.ts';
import { show } from './container-log.ts';
import { quote } from './container-script.ts';
import { parseQuantity } from './downward.ts';
import { environmentOf, expand, MissingReference } from './environment.ts';
import { findProgram, repositoryOf } from './images/index.ts';
import { interceptionRules } from './interception.ts';
import { lookUp } from './network/dns.ts';
import { addressAllocator } from './network/pod-network.ts';
import { serviceRules, targetsOf } from './network/rules.ts';
import { setUpVolume, VolumeError, type VolumeSources } from './volumes.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-node-'));
afterAll(() => rmSync(folder, { recursive: true }));

const service = (name: string, spec: object = {}, status: object = {}): Service => ({
  metadata: { name, namespace: 'n' },
  spec: { clusterIP: '10.110.0.20', type: 'ClusterIP', ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
  status,
});
const slice = (name: string, endpoints: EndpointSlice['endpoints']): EndpointSlice => ({
  metadata: { name: `${name}-1`, namespace: 'n', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  endpoints,
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
});
const ready = (address: string) => ({ addresses: [address], conditions: { ready: true } });
const place = {
  nodeName: 'east',
  nodeAddress: '192.168.49.2',
  podCidr: '10.10.0.0/16',
  serviceCidr: '10.110.0.0/16',
  externalInterface: 'eth0',
  externalNetwork: '192.168.49.0/24',
};

describe('service rules', () => {
  it('lead cluster and load-balancer addresses to the ready endpoints, in equal parts', () => {
    const web = service('web', { type: 'LoadBalancer' }, { loadBalancer: { ingress: [{ ip: '192.168.49.20' }] } });
    const rules = serviceRules({
      ...place,
      services: [web],
      slices: [slice('web', [ready('10.10.0.5'), ready('10.10.0.6')])],
    });
    expect(rules).toContain('numgen random mod 2 map { 0 : 10.10.0.5 . 8080, 1 : 10.10.0.6 . 8080 }');
    for (const address of ['10.110.0.20', '192.168.49.20'])
      expect(rules).toContain(`${address} . tcp . 80 : goto svc-n-web-tcp-80`);
  });

  it('use endpoints that end but still serve only when no other is left', () => {
    const ending = { addresses: ['10.10.0.7'], conditions: { ready: false, serving: true, terminating: true } };
    const port = service('web').spec['ports'][0];
    const targets = (...endpoints: EndpointSlice['endpoints']) =>
      targetsOf({ nodeName: 'east', slices: [slice('web', endpoints)] }, service('web'), port).map(
        (one) => one.address,
      );
    expect(targets(ready('10.10.0.5'), ending)).toEqual(['10.10.0.5']);
    expect(targets(ending)).toEqual(['10.10.0.7']);
  });

  it('leave services without endpoints to be refused', () => {
    const rules = serviceRules({ ...place, services: [service('web')], slices: [] });
    expect(rules).not.toContain('goto');
    expect(rules).toContain('ip daddr 10.110.0.0/16 reject');
  });
});

describe('DNS', () => {
  const services = [service('web'), service('none', { clusterIP: 'None' })];
  const slices = [slice('none', [{ ...ready('10.10.0.8'), hostname: 'db-0' }])];
  const ask = (name: string, type: 'A' | 'AAAA' | 'SRV' | 'PTR' = 'A') =>
    lookUp({ name, type }, 'cluster.local', services, slices);
  it.each([
    ['web.n.svc.cluster.local', 'A', '10.110.0.20'],
    ['none.n.svc.cluster.local', 'A', '10.10.0.8'],
    ['db-0.none.n.svc.cluster.local', 'A', '10.10.0.8'],
    ['10-1-2-3.n.pod.cluster.local', 'A', '10.1.2.3'],
    ['20.0.110.10.in-addr.arpa', 'PTR', 'web.n.svc.cluster.local'],
  ] as const)('answers %s %s with %s', (name, type, data) => {
    expect(ask(name, type)).toMatchObject({ answers: [{ data }] });
  });
  it.each([
    ['web.n.svc.cluster.local', 'AAAA', 'type'],
    ['nothing.n.svc.cluster.local', 'A', 'name'],
    ['example.com', 'A', 'name'],
  ] as const)('has no answer for %s %s: there is no such %s', (name, type, missing) => {
    expect(ask(name, type)).toEqual({ missing });
  });
  it('names the port of a service', () => {
    expect(ask('_http._tcp.web.n.svc.cluster.local', 'SRV')).toMatchObject({
      answers: [{ data: { port: 80, target: 'web.n.svc.cluster.local' } }],
    });
  });
});

it('gives no pod address twice, and none at once again', () => {
  const file = join(folder, 'last');
  const first = addressAllocator('10.10.0.0/28', file);
  const given = [first.take(), first.take()];
  first.release(given[0]!);
  expect(first.take()).not.toBe(given[0]);
  expect(new Set([...given, addressAllocator('10.10.0.0/28', file).take()]).size).toBe(3);
  const full = addressAllocator('10.10.0.0/28', join(folder, 'other'));
  expect(() => Array.from({ length: 20 }, () => full.take())).toThrow('no free address');
});

describe('the environment', () => {
  const pod: Pod = { metadata: { name: 'p', namespace: 'n', labels: { app: 'web' } }, spec: { nodeName: 'east' } };
  const sources = {
    pod,
    podIp: '10.10.0.5',
    hostIp: '192.168.49.2',
    services: [service('my-web')],
    configMap: (name: string) => (name === 'c' ? { k: 'v' } : undefined),
    secret: () => undefined,
  };
  const env = (container: object) => environmentOf({ name: 'main', ...container }, sources, { BASE: '1' });

  it('has services, downward fields, references and what is expanded from them', () => {
    const list = [
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'K', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
      { name: 'URL', value: 'http://$(IP)/$(APP)?$$(K)=$(NONE)' },
    ];
    expect(env({ env: list })).toMatchObject({
      BASE: '1',
      MY_WEB_SERVICE_HOST: '10.110.0.20',
      IP: '10.10.0.5',
      K: 'v',
      URL: 'http://10.10.0.5/web?$(K)=$(NONE)',
      HOSTNAME: 'p',
    });
  });

  it('waits for what is missing and not optional', () => {
    expect(() => env({ envFrom: [{ secretRef: { name: 's' } }] })).toThrow(MissingReference);
    expect(() => env({ envFrom: [{ secretRef: { name: 's', optional: true } }] })).not.toThrow();
    expect(() => env({ env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'no' } } }] })).toThrow(
      "couldn't find key no in configmap n/c",
    );
  });

  it('expands only known names', () => {
    expect(expand('$(A) $(B)', { A: '1' })).toBe('1 $(B)');
  });
});

describe('volumes', () => {
  let content: Record<string, Buffer> | undefined;
  const sources: VolumeSources = {
    pod: { metadata: { name: 'p', namespace: 'n' }, spec: {} },
    podIp: '',
    hostIp: '',
    configMap: () => content,
    secret: () => undefined,
    claimed: async () => undefined,
    token: async () => 't',
  };
  const volume = { name: 'config', configMap: { name: 'c', defaultMode: 0o644 } };

  it('wait for their source, and follow it', async () => {
    await expect(setUpVolume(volume, folder, sources)).rejects.toThrow(
      new VolumeError('MountVolume.SetUp failed for volume "config" : configmap "c" not found'),
    );
    content = { a: Buffer.from('1'), b: Buffer.from('2') };
    const path = await setUpVolume(volume, folder, sources);
    expect(readFileSync(join(path, 'a'), 'utf8')).toBe('1');
    content = { a: Buffer.from('3') };
    await setUpVolume(volume, folder, sources);
    expect(readFileSync(join(path, 'a'), 'utf8')).toBe('3');
    expect(() => readFileSync(join(path, 'b'))).toThrow();
  });
});

describe('images', () => {
  const programs = {
    node: '/n/bin/node',
    envoy: '/e/envoy',
    prometheus: '/p/prometheus',
    nft: '/nft',
    nftEnv: {},
    isthmusRoot: '/i',
  };
  it.each([
    ['docker.io/istio/pilot:1.31.0', 'istio/pilot'],
    ['busybox', 'busybox'],
    ['docker.io/library/busybox:1', 'busybox'],
    ['localhost:5000/a/b@sha256:00', 'localhost:5000/a/b'],
  ])('%s is of repository %s', (reference, repository) => {
    expect(repositoryOf(reference)).toBe(repository);
  });
  it('are those of the catalogue and of the additions, and no others', () => {
    expect(findProgram('docker.io/istio/examples-helloworld-v2:1.0', {}, programs)?.env).toEqual({
      SERVICE_VERSION: 'v2',
    });
    expect(findProgram('mine:1', { mine: { command: ['/bin/mine'] } }, programs)?.entrypoint).toEqual(['/bin/mine']);
    expect(findProgram('unknown:1', {}, programs)).toBeUndefined();
  });
});

it('redirects by the arguments that Istio gives its own program', () => {
  const rules = interceptionRules([
    'istio-iptables',
    '-p',
    '15001',
    '-z',
    '15006',
    '-i',
    '*',
    '-x',
    '10.0.0.0/8',
    '-b',
    '*',
    '-d',
    '15090,15021,15020',
    '-o',
    '3306',
  ]);
  expect(rules).toContain('meta mark 1337 return');
  expect(rules).toContain('ip daddr 10.0.0.0/8 return');
  expect(rules).toContain('tcp dport { 3306 } return');
  expect(rules).toContain('meta l4proto tcp redirect to :15001');
  expect(rules).toContain('meta l4proto tcp redirect to :15006');
});

it('shows log lines as they are asked for', () => {
  const text = '2026-01-01T00:00:00Z stdout F one two\n2026-01-01T00:00:10Z stderr F three\n';
  expect(show(text, {})).toBe('one two\nthree\n');
  expect(show(text, { tailLines: 1, timestamps: true })).toBe('2026-01-01T00:00:10Z three\n');
  expect(show(text, { sinceTime: new Date('2026-01-01T00:00:05Z') })).toBe('three\n');
});

it('keeps words of the shell whole, and reads quantities', () => {
  expect(quote("it's $HOME")).toBe("'it'\\''s $HOME'");
  expect(parseQuantity('500m')).toBe(0.5);
  expect(parseQuantity('1Gi')).toBe(2 ** 30);
});

it('renews a certificate at half of its life, with a key of its own each time', async () => {
  const root = await createRoot({ commonName: 'root' });
  const ca = await createIntermediate(root, { commonName: 'ca' });
  const id = 'spiffe://cluster.local/ns/n/sa/a';
  const renewed = Promise.withResolvers<void>();
  const call = async (bytes: Buffer): Promise<Buffer> => {
    const { csr } = decodeCertificateRequest(bytes);
    return encodeCertificateResponse([
      await issueFromCsr(ca, csr, { uris: [id], seconds: 3, notBeforeSkewSeconds: 0 }),
      ca.certPem,
      root.certPem,
    ]);
  };
  const source = keepCertificate(id, { certificateSeconds: 600, renewAt: 0.5 }, call, () => {});
  const keys = new Set<string>();
  source.subscribe(() => {
    keys.add(source.current()!.keyPem);
    if (keys.size === 2) renewed.resolve();
  });
  await renewed.promise;
  expect(source.current()?.rootPem).toBe(root.certPem);
  source.stop();
});
