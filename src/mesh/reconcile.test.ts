/** Reconcile against API servers whose controllers are imitated: what is applied, kept, refused and waited for. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type ImitatedCluster, startImitatedCluster } from '../../test/support/imitated-cluster.ts';
import { type ConfigMap, kinds, type Secret } from '../kube/index.ts';
import { createIntermediate, createRoot, type KeyPair, verifyChain } from '../pki/index.ts';
import { defaultMesh } from '../spec/index.ts';
import type { TrustStore } from './part.ts';
import { type ReconcileOptions, reconcile } from './reconcile.ts';
import type { ReconcileEvent, ReconcileResult } from './result.ts';

const mesh = defaultMesh();
const folder = mkdtempSync(join(tmpdir(), 'isthmus-reconcile-'));
let east: ImitatedCluster;
let west: ImitatedCluster;
let first: ReconcileResult;
const events: ReconcileEvent[] = [];

function storeOf(root?: KeyPair): TrustStore & { root: KeyPair | undefined } {
  return {
    root,
    load: async function () {
      return this.root;
    },
    save: async function (made) {
      this.root = made;
    },
  };
}
const trust = storeOf();

const run = (options: Partial<ReconcileOptions> = {}): Promise<ReconcileResult> =>
  reconcile({
    mesh,
    trust: storeOf(trust.root),
    clusters: [east, west].map(({ name, client }, index) => ({
      name,
      connection: client.connection,
      internalServer: `https://192.168.49.${2 + index}:6443`,
    })),
    timeoutMs: 20_000,
    ...options,
  });

beforeAll(async () => {
  [east, west] = (await Promise.all(['east', 'west'].map((name) => startImitatedCluster({ folder, name })))) as [
    ImitatedCluster,
    ImitatedCluster,
  ];
  first = await run({ trust, progress: (event) => events.push(event) });
});

afterAll(async () => {
  await Promise.all([east?.stop(), west?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const text = (secret: Secret, key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
const cacerts = (cluster: ImitatedCluster) => cluster.client.get<Secret>(kinds.Secret, 'cacerts', 'istio-system');

describe('the first run', () => {
  it('creates the objects of every part, and says in which cluster', () => {
    expect(first.changed).toBe(true);
    const created = (part: string, cluster: string) =>
      first.parts.find((one) => one.part === part && one.cluster === cluster)?.created;
    // Istio's, and in embedded clusters the Gateway API's.
    expect(created('custom-resources', 'west')).toHaveLength(15 + 7);
    expect(created('namespaces', 'east')).toEqual(['Namespace istio-system']);
    expect(created('control-plane', 'east')).toContain('Deployment istio-system/istiod');
    expect(created('control-plane', 'west')).not.toContain('Deployment istio-system/istiod');
    expect(created('exposure', 'west')).toBeUndefined();
    expect(created('sample', 'west')).toContain('Deployment sample/helloworld-v2');
  });

  it('tells the addresses that load balancers gave', () => {
    expect(first.addresses.map(({ cluster, service }) => `${cluster} ${service}`).sort()).toEqual([
      'east istio-eastwestgateway',
      'west istio-eastwestgateway',
      'west prometheus',
    ]);
  });

  it('leads the remote to the primary by the address of its gateway', async () => {
    const gateway = first.addresses.find((one) => one.cluster === 'east')?.address;
    const slice = await west.client.get<any>(kinds.EndpointSlice, 'istiod', 'istio-system');
    expect(slice.endpoints).toMatchObject([{ addresses: [gateway] }]);
    expect(slice.ports.map((one: any) => one.port)).toEqual([15_012, 15_017]);
  });

  it('gives the primary a kubeconfig for the remote that names its address for other clusters', async () => {
    const secret = await east.client.get<Secret>(kinds.Secret, 'istio-remote-secret-west', 'istio-system');
    expect(secret.metadata.labels).toMatchObject({ 'istio/multiCluster': 'true' });
    const kubeconfig = parse(text(secret, 'west'));
    expect(kubeconfig.clusters[0].cluster.server).toBe('https://192.168.49.3:6443');
    expect(kubeconfig.users[0].user.token).toBe('a-token');
    expect(kubeconfig['current-context']).toBe('west');
  });

  it('hangs an intermediate of each cluster below one root, whose key is in no cluster', async () => {
    const [ofEast, ofWest] = await Promise.all([cacerts(east), cacerts(west)]);
    for (const secret of [ofEast, ofWest]) {
      expect(Object.keys(secret.data ?? {}).sort()).toEqual([
        'ca-cert.pem',
        'ca-key.pem',
        'cert-chain.pem',
        'root-cert.pem',
      ]);
      expect(
        verifyChain({ leafPem: text(secret, 'ca-cert.pem'), intermediatesPem: '', rootPem: trust.root!.certPem }),
      ).toEqual({ ok: true });
      expect(JSON.stringify(Object.keys(secret.data ?? {}).map((key) => text(secret, key)))).not.toContain(
        trust.root!.keyPem.split('\n')[1],
      );
    }
    expect(text(ofEast, 'ca-key.pem')).not.toBe(text(ofWest, 'ca-key.pem'));
  });

  it('federates the remote by the address that its Prometheus was given', async () => {
    const config = await east.client.get<ConfigMap>(kinds.ConfigMap, 'prometheus', 'istio-system');
    const address = first.addresses.find((one) => one.service === 'prometheus')?.address;
    const jobs = parse(config.data?.['prometheus.yml'] ?? '').scrape_configs;
    expect(jobs.at(-1)).toMatchObject({
      job_name: 'federate-west',
      static_configs: [{ targets: [`${address}:9090`] }],
    });
  });

  it('says while it waits for which object, why, and what ends it', () => {
    const waits = events.filter((one) => one.state === 'waiting');
    expect(waits.length).toBeGreaterThan(0);
    for (const { reason } of waits) {
      expect(reason?.cluster).toMatch(/^(east|west)$/);
      expect(reason?.object).toMatch(/^[A-Z]\w+ \S+$/);
      expect(reason?.why).not.toBe('');
      expect(reason?.ends).not.toBe('');
    }
  });

  it('begins the parts of a remote that pass through the gateway only when that is ready', () => {
    const at = (part: string, cluster: string, state: string): number =>
      events.findIndex((one) => one.part === part && one.cluster === cluster && one.state === state);
    expect(at('sample', 'west', 'applying')).toBeGreaterThan(at('gateways', 'east', 'ready'));
    expect(at('gateways', 'west', 'applying')).toBeGreaterThan(at('exposure', 'east', 'ready'));
    expect(at('control-plane', 'west', 'applying')).toBeGreaterThan(at('gateway-addresses', 'east', 'ready'));
  });
});

describe('another run', () => {
  it('changes nothing, and every part says so', async () => {
    const seen: ReconcileEvent[] = [];
    const again = await run({ progress: (event) => seen.push(event) });
    expect(again.parts.flatMap((one) => [...one.created, ...one.changed])).toEqual([]);
    expect(again.changed).toBe(false);
    expect(again.parts.reduce((sum, one) => sum + one.unchanged, 0)).toBeGreaterThan(90);
    expect(new Set(seen.filter((one) => one.state !== 'applying').map((one) => one.state))).toEqual(
      new Set(['unchanged']),
    );
  });

  it('brings back what is missing, and nothing else', async () => {
    await east.client.delete(kinds.Secret, 'istio-remote-secret-west', 'istio-system');
    const again = await run();
    expect(again.parts.flatMap((one) => [...one.created, ...one.changed])).toEqual([
      'Secret istio-system/istio-remote-secret-west',
    ]);
  });

  it('does not take a field from somebody else, and says who holds it', async () => {
    const object = { metadata: { name: 'curl', namespace: 'sample' }, spec: { replicas: 3 } };
    await east.client.apply(kinds.Deployment, object as any, { fieldManager: 'somebody', force: true });
    await expect(run()).rejects.toMatchObject({
      code: 'mesh.conflict',
      where: 'east/sample/curl',
      why: expect.stringMatching(/spec\.replicas.*"somebody"/),
    });
    await east.client.apply(kinds.Deployment, { metadata: object.metadata } as any, { fieldManager: 'somebody' });
    await run();
  });

  it('does not overwrite the bundle of a foreign root, and says whose it is', async () => {
    const kept = await cacerts(west);
    const foreign = await createRoot({ commonName: 'Foreign' });
    const intermediate = await createIntermediate(foreign, { commonName: 'Foreign Intermediate' });
    const data = {
      'ca-cert.pem': intermediate.certPem,
      'ca-key.pem': intermediate.keyPem,
      'root-cert.pem': foreign.certPem,
      'cert-chain.pem': intermediate.certPem + foreign.certPem,
    };
    const encoded = Object.fromEntries(
      Object.entries(data).map(([key, pem]) => [key, Buffer.from(pem).toString('base64')]),
    );
    await west.client.patch(kinds.Secret, 'cacerts', 'istio-system', { data: encoded }, { type: 'merge' });
    await expect(run()).rejects.toMatchObject({
      code: 'mesh.foreign-root',
      where: 'west/istio-system/cacerts',
      fix: expect.stringContaining('--context west'),
    });
    // Right but for the root that proxies would be given: it must not pass for the mesh's.
    const half = { ...kept.data, 'root-cert.pem': encoded['root-cert.pem'] };
    await west.client.patch(kinds.Secret, 'cacerts', 'istio-system', { data: half }, { type: 'merge' });
    await expect(run()).rejects.toMatchObject({ code: 'mesh.foreign-root', why: expect.stringContaining('root-cert') });
    await west.client.patch(kinds.Secret, 'cacerts', 'istio-system', { data: kept.data }, { type: 'merge' });
    expect((await run()).changed).toBe(false);
  });

  it('without the state folder keeps what the clusters have, and makes no second root', async () => {
    const store = storeOf();
    expect((await run({ trust: store })).changed).toBe(false);
    expect(store.root).toBeUndefined();
    const kept = await cacerts(west);
    await west.client.delete(kinds.Secret, 'cacerts', 'istio-system');
    await expect(run({ trust: storeOf() })).rejects.toMatchObject({ code: 'mesh.no-root-key' });
    await west.client.create(kinds.Secret, {
      ...kept,
      metadata: { name: kept.metadata.name!, namespace: kept.metadata.namespace! },
    });
  });

  it('ends at its deadline with the object, the reason, and what would have ended the wait', async () => {
    west.neglect.add('Service');
    await west.client.delete(kinds.Service, 'istio-eastwestgateway', 'istio-system');
    const seen: ReconcileEvent[] = [];
    await expect(run({ timeoutMs: 1_500, progress: (event) => seen.push(event) })).rejects.toMatchObject({
      code: 'mesh.wait',
      what: 'Service istio-system/istio-eastwestgateway is not ready: it has no address',
      where: 'west',
      fix: expect.stringContaining('load balancer assigns one'),
    });
    expect(seen.filter((one) => one.state === 'failed').map((one) => one.part)).toEqual(['gateway-addresses']);
    west.neglect.delete('Service');
  });

  it('ends when it is interrupted', async () => {
    west.neglect.add('Service');
    const abort = new AbortController();
    const interrupted = run({
      signal: abort.signal,
      progress: ({ state }) => state === 'waiting' && abort.abort(new Error('interrupted')),
    });
    await expect(interrupted).rejects.toThrow('interrupted');
    west.neglect.delete('Service');
  });
});

it('writes pools as objects where MetalLB reads them so', async () => {
  const definition = (plural: string, kind: string): any => ({
    metadata: { name: `${plural}.metallb.io` },
    spec: {
      group: 'metallb.io',
      scope: 'Namespaced',
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: 'v1beta1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  });
  const cluster = await startImitatedCluster({ folder, name: 'objects' });
  try {
    await cluster.client.create(kinds.CustomResourceDefinition, definition('ipaddresspools', 'IPAddressPool'));
    await cluster.client.create(kinds.CustomResourceDefinition, definition('l2advertisements', 'L2Advertisement'));
    const alone = { ...mesh, clusters: [{ ...mesh.clusters[0]!, name: 'objects', primary: 'objects' }] };
    const target = {
      name: 'objects',
      connection: cluster.client.connection,
      internalServer: 'https://192.168.49.2:6443',
    };
    await run({ mesh: alone, trust: storeOf(), clusters: [target] });
    const pool = await cluster.client.get<any>(kinds.IPAddressPool, 'default', 'metallb-system');
    expect(pool.spec.addresses).toEqual(['192.168.49.20-192.168.49.29']);
    expect(await cluster.client.find(kinds.L2Advertisement, 'default', 'metallb-system')).toBeDefined();
    expect(await cluster.client.find(kinds.ConfigMap, 'config', 'metallb-system')).toBeUndefined();
  } finally {
    await cluster.stop();
  }
});
