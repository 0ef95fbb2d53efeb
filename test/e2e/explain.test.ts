/** `isthmus explain` on the running mesh: what it says is compared with what a client really gets. */
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { Explanation } from '../../src/observe/index.ts';
import { eventually, isthmus, kubectl } from '../support/isthmus.ts';

const home = inject('home');
const host = 'helloworld.sample:5000';

async function explain(from: string, to = `${host}/hello`, ...more: string[]): Promise<Explanation> {
  const { code, stdout, stderr } = await isthmus(['explain', from, to, '-o', 'json', ...more], { home });
  const found: Explanation = JSON.parse(stdout || '{}');
  expect(code, stderr + stdout).toBe(found.outcome === 'reaches' || found.outcome === 'answered' ? 0 : 1);
  return found;
}

const codes = ({ deviations }: Explanation): string[] =>
  deviations.filter((one) => one.severity !== 'info').map((one) => one.code);

/** Statuses and versions of many requests of the real client. */
async function requests(cluster: string, url = `http://${host}/hello`, count = 40) {
  const curl = ['curl', '-s', '--max-time', '10', '-w', '~%{http_code}\n', `${url}?[1-${count}]`];
  const { stdout } = await kubectl(home, cluster, ['-n', 'sample', 'exec', 'deploy/curl', '-c', 'curl', '--', ...curl]);
  const statuses = [...new Set(stdout.match(/(?<=~)\d{3}/g))].map(Number);
  const versions = [...new Set(stdout.match(/(?<=version: )v\d/g))].sort();
  return { statuses, versions, v1: (stdout.match(/version: v1/g) ?? []).length };
}

async function apply(cluster: string, ...objects: object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const { code, stderr } = await kubectl(home, cluster, ['apply', '-f', '-'], list);
  expect(code, stderr).toBe(0);
}

const planted = (kind: string, spec: object) => ({
  apiVersion: `${kind === 'PeerAuthentication' ? 'security' : 'networking'}.istio.io/v1`,
  kind,
  metadata: { name: 'planted', namespace: 'sample' },
  spec,
});
const subsets = ['v1', 'v2', 'v3'].map((name) => ({ name, labels: { version: name } }));
const byWeight = planted('VirtualService', {
  hosts: ['helloworld'],
  http: [
    { match: [{ uri: { exact: '/empty' } }], route: [{ destination: { host: 'helloworld', subset: 'v3' } }] },
    { match: [{ uri: { exact: '/unknown' } }], route: [{ destination: { host: 'helloworld', subset: 'v9' } }] },
    {
      match: [{ uri: { prefix: '/hello' } }],
      route: [
        { destination: { host: 'helloworld', subset: 'v1' }, weight: 80 },
        { destination: { host: 'helloworld', subset: 'v2' }, weight: 20 },
      ],
    },
  ],
});

/** Waits until the explanation is as wanted: what was applied takes its time to the proxies. */
const until = (
  what: string,
  ask: () => Promise<Explanation>,
  wanted: (found: Explanation) => boolean,
): Promise<Explanation> =>
  eventually(
    what,
    async () => {
      const found = await ask();
      return wanted(found) ? { value: found } : { seen: `${found.summary} ${codes(found).join(', ')}` };
    },
    60_000,
  );

afterEach(async () => {
  for (const cluster of ['east', 'west'])
    for (const kind of ['virtualservice', 'destinationrule', 'peerauthentication'])
      await kubectl(home, cluster, ['-n', 'sample', 'delete', kind, 'planted', '--ignore-not-found']);
  for (const cluster of ['east', 'west'])
    await until(
      `all is well for ${cluster}`,
      () => explain(`${cluster}/sample/curl`),
      (found) => found.outcome === 'reaches' && found.path.branches.length === 2 && codes(found).length === 0,
    );
});

describe('explain', () => {
  it.each(['east', 'west'])('follows a request of %s into both clusters', async (cluster) => {
    const found = await explain(`${cluster}/sample/curl`);
    const [other] = ['east', 'west'].filter((one) => one !== cluster);
    expect(found.outcome).toBe('reaches');
    const through = found.path.branches.find((one) => one.label.startsWith(`gateway of ${other}`));
    expect(through?.steps.map((one) => one.kind)).toEqual([
      'tls',
      'gateway',
      'inbound',
      'authorization',
      'application',
    ]);
    const decisions = through?.steps.flatMap((one) =>
      one.decisions.map((each) => `${each.kind} ${each.cluster}/${each.name}`),
    );
    expect(decisions).toContain(`Service ${other}/istio-eastwestgateway`);
    expect(decisions).toContain('Gateway east/cross-network-gateway');
    expect(through?.steps[2]?.details.join('\n')).toContain(
      'client certificate spiffe://cluster.local/ns/sample/sa/curl',
    );
    expect((await requests(cluster)).versions).toEqual(['v1', 'v2']);
  });

  it('draws it as text', async () => {
    const { code, stdout } = await isthmus(['explain', 'east/sample/curl', `${host}/hello`], { home });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1\. client: curl-/m);
    expect(stdout).toMatch(/├─ 50 % /);
    expect(stdout).toMatch(/✓ 50 % reach helloworld-v1 in east; 50 % reach helloworld-v2 in west\./);
  });

  it('splits by weights and subsets as the traffic is', async () => {
    await apply('east', planted('DestinationRule', { host: 'helloworld', subsets }), byWeight);
    const ask = () => explain('west/sample/curl');
    const found = await until('the weights', ask, (one) => one.path.branches[0]?.share === 0.8);
    expect(found.summary).toBe('80 % reach helloworld-v1 in east; 20 % reach helloworld-v2 in west.');
    const decided = found.path.steps.find((one) => one.kind === 'route')?.decisions[0];
    expect(decided).toMatchObject({ kind: 'VirtualService', cluster: 'east', name: 'planted', field: 'spec.http[2]' });
    const { v1 } = await requests('west');
    expect(v1).toBeGreaterThan(20);

    const empty = await explain('east/sample/curl', `${host}/empty`);
    expect([codes(empty), empty.path.end?.status]).toEqual([['subset-empty'], 503]);
    const unknown = await explain('east/sample/curl', `${host}/unknown`);
    expect([codes(unknown), unknown.path.end?.status]).toEqual([['subset-not-defined'], 503]);
    const none = await explain('east/sample/curl', `${host}/other`);
    expect([codes(none), none.path.end?.status]).toEqual([['route-no-match'], 404]);
    for (const [path, status] of [
      ['empty', 503],
      ['unknown', 503],
      ['other', 404],
    ] as const)
      expect((await requests('east', `http://${host}/${path}`, 5)).statuses).toEqual([status]);
  });

  it('finds STRICT that meets DISABLE', async () => {
    await apply(
      'east',
      planted('PeerAuthentication', { mtls: { mode: 'STRICT' } }),
      planted('DestinationRule', { host: 'helloworld', trafficPolicy: { tls: { mode: 'DISABLE' } } }),
    );
    for (const cluster of ['east', 'west']) {
      const found = await until(
        'the clash',
        () => explain(`${cluster}/sample/curl`),
        (one) => one.outcome === 'fails',
      );
      expect(codes(found)).toContain('tls-clash');
      expect(found.path.end).toMatchObject({ status: 503, flag: 'UC' });
      expect(found.deviations[0]?.message).toContain('PeerAuthentication east/sample/planted: STRICT');
      expect((await requests(cluster, undefined, 5)).statuses).toEqual([503]);
    }
  });

  it('finds configuration that nobody reads', async () => {
    await apply('west', planted('PeerAuthentication', { mtls: { mode: 'STRICT' } }));
    const found = await explain('east/sample/curl');
    expect(codes(found)).toEqual(['config-not-read']);
    expect(found.outcome).toBe('reaches');
  });

  it('finds a gateway that is stopped, and that requests are tried again elsewhere', async () => {
    const scale = (replicas: number) =>
      kubectl(home, 'west', ['-n', 'istio-system', 'scale', 'deploy/istio-eastwestgateway', `--replicas=${replicas}`]);
    try {
      await scale(0);
      const found = await until(
        'the gateway is seen to be gone',
        () => explain('east/sample/curl'),
        (one) => codes(one).includes('gateway-not-running'),
      );
      expect(found.outcome).toBe('partly');
      expect(found.path.branches.find((one) => one.label.startsWith('gateway of west'))?.end).toMatchObject({
        flag: 'UF',
        retried: true,
      });
      // Until it has ended it goes on with the connections that it has.
      await eventually('the near version alone answers, to every request', async () => {
        const { statuses, versions } = await requests('east');
        const isSo = statuses.join() === '200' && versions.join() === 'v1';
        return isSo ? { value: true } : { seen: `${statuses.join()} ${versions.join()}` };
      });
    } finally {
      await scale(1);
      const args = ['-n', 'istio-system', 'rollout', 'status', 'deploy/istio-eastwestgateway', '--timeout=60s'];
      await kubectl(home, 'west', args);
    }
    // What failed to connect is remembered by the client's proxy until it has an answer again.
    await eventually('the far version answers', async () => {
      const { versions } = await requests('east');
      return versions.length === 2 ? { value: true } : { seen: versions.join() };
    });
  });

  it('knows names that lead nowhere', async () => {
    const found = await explain('east/sample/curl', 'helloworl.sample:5000');
    expect(found.deviations[0]).toMatchObject({
      code: 'host-unknown',
      fix: expect.stringContaining('helloworld.sample:5000'),
    });
    const port = await explain('west/sample/curl', 'helloworld.sample:5001');
    expect(codes(port)).toContain('port-not-declared');
    expect((await requests('west', 'http://helloworld.sample:5001/', 1)).statuses).toEqual([0]);
  });

  it('refuses what is not clear, with what would be', async () => {
    const { code, stderr } = await isthmus(['explain', 'curl', host], { home });
    expect(code).toBe(1);
    expect(stderr).toContain('east/sample/curl, west/sample/curl');
  });
});
