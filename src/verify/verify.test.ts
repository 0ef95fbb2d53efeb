/** Each fact must be able to fail: what is planted here is what a broken mesh would give, and the rest of it is well. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { type PlantedMesh, plantMesh, plantTrust } from '../../test/support/planted-mesh.ts';
import { createRoot } from '../pki/index.ts';
import type { Fact } from './fact.ts';
import { measureAll } from './index.ts';

// What is planted does not get well by waiting.
vi.mock('./until.ts', async (original) => {
  const { until } = await original<typeof import('./until.ts')>();
  const shorter: typeof until = (ask, good, options) =>
    until(ask, good, { ...options, withinMs: options.withinMs / 25 });
  return { until: shorter };
});

let planted: PlantedMesh;
beforeEach(async () => {
  planted = await plantMesh();
});

async function measure(signal?: AbortSignal): Promise<Map<string, Fact>> {
  const clients = new Map([...planted.clusters].map(([name, cluster]) => [name, cluster.client()]));
  const facts = await measureAll({
    mesh: planted.mesh,
    client: (name) => clients.get(name)!,
    ...(signal ? { signal } : {}),
  });
  return new Map(facts.map((fact) => [fact.id, fact]));
}

const notPassing = (facts: Map<string, Fact>): string[] =>
  [...facts.values()].filter((one) => one.status !== 'pass').map((one) => one.id);

/** Only these facts are red, each with a reason; gives the first. */
async function expectRed(...ids: string[]): Promise<Fact> {
  const facts = await measure();
  expect(notPassing(facts).sort()).toEqual([...ids].sort());
  for (const id of ids) {
    expect(facts.get(id)?.status, id).toBe('fail');
    expect(facts.get(id)?.why, id).toBeTruthy();
  }
  return facts.get(ids[0]!)!;
}

const withCa = (kubeconfig: string, ca: string): string => {
  const config = parse(kubeconfig);
  config.clusters[0].cluster['certificate-authority-data'] = Buffer.from(ca).toString('base64');
  return stringify(config);
};

const page = (name: string) => `istio-system/pods/istiod-1:8080/proxy/debug/${name}`;
const proxies = (): any[] => planted.east.pages.get(page('syncz')) as any[];

describe('a mesh in which all is well', () => {
  it('passes every fact, and says of each what was measured and which clusters it is about', async () => {
    const facts = await measure();
    expect(notPassing(facts)).toEqual([]);
    expect([...facts.keys()]).toEqual([
      'one-root',
      'remote-synced/west',
      'proxies-synced/east',
      'gateway/east',
      'gateway/west',
      'reach/east',
      'reach/west',
      'identity/east',
      'identity/west',
      'strict/east',
      'strict/west',
      'isolation/east-west',
      'isolation/west-east',
      'link/east-east',
      'link/east-west',
      'link/west-east',
      'link/west-west',
      'metrics/east-east',
      'metrics/east-west',
      'metrics/west-east',
      'metrics/west-west',
    ]);
    expect(facts.get('reach/east')?.measured).toBe('100 of 100 answered: v1 50, v2 50');
    expect(facts.get('link/west-east')?.clusters).toEqual(['west', 'east']);
    expect(facts.get('metrics/east-west')?.measured).toBe(
      '50 requests; counted by the source 50, by the destination 50',
    );
  });

  it('shows no secret', async () => {
    expect(JSON.stringify([...(await measure()).values()])).not.toContain('not-to-be-shown');
  });

  it('is left as it was found', async () => {
    const before = [...planted.clusters.values()].map((one) => [...one.objects.keys()]);
    await measure();
    expect([...planted.clusters.values()].map((one) => [...one.objects.keys()])).toEqual(before);
  });

  it('is unknown, not green, without the sample', async () => {
    planted.mesh.sample.enabled = false;
    expect([...(await measure()).values()]).toMatchObject([{ id: 'sample', status: 'unknown' }]);
  });
});

describe('one root', () => {
  it('fails when a cluster has a foreign one', async () => {
    const own = planted.west.get('ConfigMap', 'istio-ca-root-cert');
    await plantTrust(planted.west, await createRoot({ commonName: 'Foreign' }));
    planted.west.put('ConfigMap', own);
    const fact = await expectRed('one-root');
    expect(fact.why).toContain('west/cacerts is of another root than east/istio-ca-root-cert');
    expect(fact.fix).toContain('--context west');
  });

  it('fails when a CA does not hang below the root beside it', async () => {
    const own = planted.west.get('Secret', 'cacerts');
    const root = own.data['root-cert.pem'];
    await plantTrust(planted.west, await createRoot({ commonName: 'Foreign' }));
    planted.west.get('Secret', 'cacerts').data['root-cert.pem'] = root;
    planted.west.put('ConfigMap', planted.east.get('ConfigMap', 'istio-ca-root-cert'));
    expect((await expectRed('one-root')).why).toContain('west/cacerts: its CA does not hang below its root');
  });

  it('fails when proxies are given none', async () => {
    planted.west.remove('ConfigMap', 'istio-ca-root-cert');
    expect((await expectRed('one-root')).why).toContain('west/istio-ca-root-cert: there is no root certificate');
  });
});

describe('a remote that is synced', () => {
  const clusterz = (west: object): void => void planted.east.pages.set(page('clusterz'), [{ id: 'east' }, west]);

  it('fails when its secret is missing', async () => {
    planted.east.remove('Secret', 'istio-remote-secret-west');
    clusterz({ id: 'other' });
    expect(await expectRed('remote-synced/west')).toMatchObject({
      measured: 'the cluster is not known',
      why: 'Secret istio-system/istio-remote-secret-west of east is missing',
      fix: 'isthmus up',
    });
  });

  it('fails when istiod cannot read it', async () => {
    clusterz({ id: 'west', syncStatus: 'timeout', lastError: 'connect ECONNREFUSED' });
    expect(await expectRed('remote-synced/west')).toMatchObject({ measured: 'timeout', why: 'connect ECONNREFUSED' });
  });

  it('fails when its token is refused, though istiod still says synced', async () => {
    planted.west.isTokenGood = false;
    const fact = await expectRed('remote-synced/west');
    expect(fact).toMatchObject({ measured: 'synced', why: expect.stringContaining('refused by west') });
    expect(JSON.stringify(fact)).not.toContain('not-to-be-shown');
  });

  it.each([
    ['leads to istiod itself', { cluster: 'https://127.0.0.1:6443' }, 'https://127.0.0.1:6443'],
    ['is of another name', { key: 'wset' }, 'has no key west'],
    ['lacks its label', { labels: {} }, 'istio/multiCluster=true'],
    ['cannot be read', { text: ': not a kubeconfig' }, 'cannot be read'],
    ['is for another cluster', { ca: 'of north' }, 'trusts the CA of another cluster than west'],
  ])('fails when its secret %s', async (_, { cluster, key, labels, text, ca }: Record<string, any>, why) => {
    const secret = planted.east.get('Secret', 'istio-remote-secret-west');
    const old = withCa(Buffer.from(secret.data.west, 'base64').toString(), ca ?? 'of west');
    planted.west.put('ConfigMap', {
      metadata: { name: 'kube-root-ca.crt', namespace: 'istio-system' },
      data: { 'ca.crt': 'of west' },
    });
    const changed = text ?? (cluster ? old.replace('https://192.168.49.3:6443', cluster) : old);
    secret.data = { [key ?? 'west']: Buffer.from(changed).toString('base64') };
    if (labels) secret.metadata.labels = labels;
    expect((await expectRed('remote-synced/west')).why).toContain(why);
  });
});

describe('Kiali', () => {
  const secretName = 'kiali-remote-cluster-secret-west';
  beforeEach(() => {
    planted.mesh.kiali = {
      ...{ homeCluster: 'east', management: undefined, auth: 'anonymous', viewOnly: true, values: {} },
      ...{ prometheus: undefined, program: 'helm', chart: undefined, version: undefined },
    };
    const { data } = planted.east.get('Secret', 'istio-remote-secret-west');
    const metadata = { namespace: 'istio-system', labels: { 'kiali.io/multiCluster': 'true' } };
    planted.east.put('Secret', { metadata: { ...metadata, name: secretName }, data });
    planted.east.put('Deployment', {
      metadata: { name: 'kiali', namespace: 'istio-system' },
      spec: { replicas: 1 },
      status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
    });
  });

  it('is looked at where the file asks for it', async () => {
    const facts = await measure();
    expect(notPassing(facts)).toEqual([]);
    expect([...facts.keys()].filter((id) => id.startsWith('kiali'))).toEqual(['kiali/runs', 'kiali/reads/west']);
  });

  it('fails when it does not run', async () => {
    planted.east.get('Deployment', 'kiali').status.availableReplicas = 0;
    expect(await expectRed('kiali/runs')).toMatchObject({ measured: '0 of 1 pods ready' });
    planted.east.remove('Deployment', 'kiali');
    expect(await expectRed('kiali/runs')).toMatchObject({ fix: 'isthmus up' });
  });

  it('fails when it cannot read a cluster', async () => {
    planted.east.get('Secret', secretName).metadata.labels = {};
    expect((await expectRed('kiali/reads/west')).why).toContain('kiali.io/multiCluster=true, by which Kiali finds it');
    planted.east.remove('Secret', secretName);
    expect((await expectRed('kiali/reads/west')).why).toContain(`${secretName} of east is missing`);
  });

  it('fails when its token is refused', async () => {
    planted.west.isTokenGood = false;
    const [, reads] = [await expectRed('kiali/reads/west', 'remote-synced/west'), await measure()];
    expect(reads.get('kiali/reads/west')?.fix).toContain(`delete secret ${secretName}`);
  });
});

describe('proxies that are synced', () => {
  it('fail when one has refused what it was sent', async () => {
    proxies()[1].errors = { listener: 'no such filter' };
    expect((await expectRed('proxies-synced/east')).why).toBe(
      'helloworld-v2-1.sample of west refused listener: no such filter',
    );
  });

  it('fail when one lags behind', async () => {
    proxies()[0].endpoint_acked = '0';
    expect((await expectRed('proxies-synced/east')).why).toContain('has not acknowledged endpoint');
  });

  it('fail when one is not connected at all', async () => {
    planted.east.pages.set(
      page('syncz'),
      proxies().filter((one) => one.proxy !== 'curl-1.sample' || one.cluster_id !== 'west'),
    );
    planted.east.remove('Pod', 'curl-1', 'nowhere');
    expect((await expectRed('proxies-synced/east')).why).toContain('curl-1.sample of west');
  });

  it('fail when one says that it is in another cluster', async () => {
    proxies()[1].cluster_id = 'Kubernetes';
    expect((await expectRed('proxies-synced/east')).why).toBe(
      'helloworld-v2-1.sample of west says that it is in Kubernetes',
    );
  });
});

describe('a gateway', () => {
  it('that is stopped turns it, and what passes by it, red with the reason', async () => {
    const deployment = planted.west.get('Deployment', 'istio-eastwestgateway');
    deployment.spec.replicas = 0;
    deployment.status = {};
    planted.routes.set('east', ['east', '']);
    const facts = await measure();
    expect(notPassing(facts)).toEqual(['gateway/west', 'reach/east', 'link/east-west', 'metrics/east-west']);
    for (const id of ['gateway/west', 'reach/east', 'link/east-west'])
      expect(facts.get(id), id).toMatchObject({
        status: 'fail',
        why: expect.stringContaining('Deployment istio-eastwestgateway of west is scaled to 0'),
        fix: expect.stringContaining('--context west -n istio-system scale deployment istio-eastwestgateway'),
      });
    expect(facts.get('metrics/east-west')?.status).toBe('unknown');
    // The others would wait for their end as well: they are not asked for.
    expect(facts.get('reach/east')?.measured).toBe('5 of 10 answered: v1 5, v2 0');
  });

  it('without an address fails', async () => {
    planted.west.get('Service', 'istio-eastwestgateway').status = {};
    expect(await expectRed('gateway/west')).toMatchObject({
      measured: 'no address; 1 of 1 pods ready',
      why: expect.stringContaining('it has no address'),
    });
  });

  it('that is not ready says what its pod waits for', async () => {
    planted.east.get('Deployment', 'istio-eastwestgateway').status = { replicas: 1, updatedReplicas: 1 };
    const pod = planted.east.get('Pod', 'gateway-1');
    pod.status.containerStatuses = [{ state: { waiting: { reason: 'ErrImagePull', message: 'no image auto' } } }];
    expect((await expectRed('gateway/east')).why).toContain('0 of 1 pods are ready: pod gateway-1: ErrImagePull');
  });
});

describe('reach and links', () => {
  it('fail when a cluster does not know the other, with the reason', async () => {
    planted.east.remove('Secret', 'istio-remote-secret-west');
    planted.routes.set('east', ['east']);
    const facts = await measure();
    expect(facts.get('reach/east')).toMatchObject({
      status: 'fail',
      measured: '100 of 100 answered: v1 100, v2 0',
      why: expect.stringContaining('Secret istio-system/istio-remote-secret-west of east is missing'),
    });
    expect(facts.get('link/east-west')).toMatchObject({
      status: 'fail',
      measured: 'no answer to 100 requests',
      why: expect.stringContaining('istio-remote-secret-west'),
    });
    expect(facts.get('link/west-west')?.status).toBe('pass');
  });

  it('fail when nothing is exposed', async () => {
    planted.east.remove('Gateway', 'cross-network-gateway');
    planted.routes.set('west', ['west']);
    expect((await measure()).get('link/west-east')?.why).toContain('AUTO_PASSTHROUGH');
  });

  it('fail when no server is there', async () => {
    planted.west.remove('Pod', 'helloworld-v2-1', 'sample');
    planted.routes.set('east', ['east']);
    planted.routes.set('west', ['east']);
    const facts = await measure();
    for (const id of ['reach/east', 'reach/west', 'link/west-west'])
      expect(facts.get(id), id).toMatchObject({
        status: 'fail',
        why: expect.stringContaining('no pod of helloworld is ready in west'),
      });
  });

  it('fail when a version answers less than its part', async () => {
    planted.routes.set('west', ['east', 'west', 'west', 'west', 'west', 'west']);
    expect((await expectRed('reach/west')).why).toContain('v1 answered less than its part');
  });

  it('fail when answers are errors, with the first of them', async () => {
    planted.routes.set('west', ['east', 'west', '', 'west', 'east']);
    const facts = await measure();
    expect(facts.get('reach/west')).toMatchObject({
      status: 'fail',
      measured: '8 of 10 answered: v1 4, v2 4',
      why: expect.stringContaining('503: no healthy upstream'),
    });
  });
});

describe('identity', () => {
  it('fails when servers see another one', async () => {
    planted.seenAs.set('west', { principal: 'spiffe://cluster.local/ns/sample/sa/default', security: 'mutual_tls' });
    expect(await expectRed('identity/west')).toMatchObject({
      measured: '0 of 100 requests',
      why: expect.stringContaining('sa/default (mutual_tls'),
    });
  });

  it('fails when it is only claimed, in plain text', async () => {
    planted.seenAs.set('east', { principal: 'spiffe://cluster.local/ns/sample/sa/curl', security: 'none' });
    expect((await expectRed('identity/east')).why).toContain('(none');
  });

  it('fails when servers see nobody', async () => {
    planted.seenAs.set('east', { principal: '', security: 'none', cluster: 'unknown' });
    const facts = await measure();
    expect(facts.get('identity/east')).toMatchObject({ status: 'fail', why: expect.stringContaining('unknown (none') });
  });

  it('is unknown, not green, when nothing was answered', async () => {
    planted.routes.set('east', ['']);
    expect((await measure()).get('identity/east')?.status).toBe('unknown');
  });
});

describe('STRICT', () => {
  it('fails when the stranger is let in', async () => {
    planted.west.probe.stranger['STRICT'] = 200;
    expect(await expectRed('strict/west')).toMatchObject({
      measured: 'plain text before 200, under STRICT 200; mesh client 200',
      why: expect.stringContaining('does not enforce'),
    });
  });

  it('fails when the friend is shut out too', async () => {
    planted.east.probe.friend['STRICT'] = 503;
    expect((await expectRed('strict/east')).why).toContain('shuts out clients of the mesh');
  });

  it('proves nothing when the stranger is refused anyway', async () => {
    planted.west.probe.stranger['PERMISSIVE'] = 503;
    const fact = (await measure()).get('strict/west');
    expect(fact).toMatchObject({ status: 'unknown', why: expect.stringContaining('prove nothing') });
  });

  it('does not take an error of another kind for a refusal', async () => {
    planted.west.probe.stranger['STRICT'] = 404;
    expect((await measure()).get('strict/west')?.status).toBe('unknown');
  });

  it('takes its namespaces away when it is interrupted, and those that an earlier run could not', async () => {
    const metadata = { name: 'isthmus-verify-old', labels: { 'isthmus.dev/purpose': 'verify' } };
    planted.east.put('Namespace', { metadata: { ...metadata, creationTimestamp: '2020-01-01T00:00:00Z' } });
    const young = { ...metadata, name: 'isthmus-verify-young', creationTimestamp: new Date().toISOString() };
    planted.east.put('Namespace', { metadata: young });
    planted.west.probe.stranger['STRICT'] = 200; // keeps it waiting
    const abort = new AbortController();
    const measuring = measure(abort.signal);
    setTimeout(() => abort.abort(new Error('interrupted')), 300);
    await expect(measuring).rejects.toThrow('interrupted');
    const namespaces = [...planted.clusters.values()]
      .flatMap((one) => [...one.objects.keys()])
      .filter((key) => key.startsWith('Namespace'));
    expect(namespaces).toEqual(['Namespace/isthmus-verify-young']);
  });
});

describe('isolation', () => {
  it.each(['200', '503'])('fails when there is an answer %s from the other network', async (code) => {
    planted.east.direct['west'] = code;
    expect((await expectRed('isolation/east-west')).why).toContain('the two networks are one');
  });

  it('proves nothing when the same attempt fails within the cluster', async () => {
    planted.west.direct['west'] = '000';
    const fact = (await measure()).get('isolation/west-east');
    expect(fact).toMatchObject({ status: 'unknown', why: expect.stringContaining('proves nothing') });
  });
});

describe('metrics', () => {
  it('fail when federation is gone', async () => {
    planted.federate = (cluster, labels) => (cluster === 'east' ? [labels] : []);
    const fact = await expectRed('metrics/west-west', 'metrics/east-west', 'metrics/west-east');
    expect(fact.why).toContain('no series with the label cluster=west: federation or scraping there is broken');
    expect(fact.measured).toBe('50 requests; counted by the source 0, by the destination 0');
  });

  it('fail when series are labelled with a cluster that is none', async () => {
    planted.federate = (cluster, labels) => [cluster === 'west' ? { ...labels, cluster: 'CLUSTER_NAME' } : labels];
    const fact = await expectRed('metrics/west-west', 'metrics/east-west', 'metrics/west-east');
    expect(fact.why).toContain('there are those of east, CLUSTER_NAME');
  });

  it('fail when a proxy is not the cluster that it says', async () => {
    planted.federate = (cluster, labels) => [
      cluster === 'west' ? { ...labels, source_cluster: labels['source_cluster']!.replace('west', 'east') } : labels,
    ];
    const facts = await measure();
    expect(facts.get('metrics/west-west')?.why).toBe(
      'the proxies of west say east to east, east to west, and not west to west',
    );
  });

  it('fail when series are taken in twice', async () => {
    planted.federate = (cluster, labels) => (cluster === 'west' ? [labels, { ...labels, job: 'again' }] : [labels]);
    const fact = await expectRed('metrics/west-west', 'metrics/east-west', 'metrics/west-east');
    expect(fact.why).toBe('the proxies of west counted only 50: their series are taken in twice');
  });

  it('fail when Prometheus holds what was before and nothing since', async () => {
    await measure();
    const stale = planted.prometheus();
    planted.east.pages.set('istio-system/services/prometheus:9090/proxy/api/v1/query', stale);
    const facts = await measure();
    expect(facts.get('metrics/east-east')).toMatchObject({
      status: 'fail',
      why: expect.stringContaining('lag behind'),
    });
  });

  it('do not count the series of pods that are gone', async () => {
    const labels = {
      reporter: 'source',
      source_cluster: 'east',
      destination_cluster: 'east',
      destination_service_name: 'helloworld',
    };
    planted.east.counters.set('curl-0', [{ labels, count: 1000 }]);
    expect(notPassing(await measure())).toEqual([]);
  });

  it('do not count what a pod counted before it got a new address', async () => {
    const former = (labels: Record<string, string>) => ({ ...labels, instance: '10.20.0.99:15020' });
    const now = (labels: Record<string, string>) => ({
      ...labels,
      instance: `${addresses[labels['pod'] ?? '']}:15020`,
    });
    const addresses: Record<string, string> = {};
    for (const one of planted.west.objects.values())
      if (one.kind === 'Pod') addresses[one.metadata.name ?? ''] = (one as any).status.podIP;
    planted.federate = (cluster, labels) => (cluster === 'west' ? [now(labels), former(labels)] : [labels]);
    expect(notPassing(await measure())).toEqual([]);
  });

  it('do not count what a proxy has ceased to count under other labels', async () => {
    await measure();
    const gone = (planted.prometheus() as any).data.result.map(({ metric, value }: any) => ({
      metric: { ...metric, destination_app: 'former' },
      value,
    }));
    const answer = planted.prometheus.bind(planted);
    planted.prometheus = () => ({ data: { result: [...(answer() as any).data.result, ...gone] } });
    expect(notPassing(await measure())).toEqual([]);
  });

  it('are unknown when Prometheus does not answer', async () => {
    planted.east.pages.delete('istio-system/services/prometheus:9090/proxy/api/v1/query');
    expect((await measure()).get('metrics/east-east')?.status).toBe('unknown');
  });
});
