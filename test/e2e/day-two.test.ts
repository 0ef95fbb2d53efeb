/** What is done to a mesh that stands, while requests go on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { eventually, isthmus, kubectl, temporaryHome } from '../support/isthmus.ts';
import { startLoad } from '../support/load.ts';

/** Every request makes a connection of its own to the server, so that every request proves a handshake. */
const freshConnections = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'fresh-connections', namespace: 'sample' },
  spec: {
    host: 'helloworld.sample.svc.cluster.local',
    trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 1 } } },
  },
};

const rootOf = async (home: string, cluster: string): Promise<string> => {
  const { stdout } = await kubectl(home, cluster, ['-n', 'sample', 'get', 'cm', 'istio-ca-root-cert', '-o', 'json']);
  return JSON.parse(stdout).data['root-cert.pem'];
};

it('replaces the root of trust, and no request fails', async () => {
  const home = inject('home');
  await kubectl(home, 'east', ['apply', '-f', '-'], JSON.stringify(freshConnections));
  try {
    const before = await rootOf(home, 'west');
    const loads = ['east', 'west'].map((cluster) => startLoad(home, cluster));
    const rotated = await isthmus(['ca', 'rotate', '--root', '-o', 'json'], { home });
    const results = await Promise.all(loads.map((load) => load.stop()));
    expect(rotated.code, rotated.stdout + rotated.stderr).toBe(0);
    expect(results.flatMap((one) => one.failed)).toEqual([]);
    for (const { asked } of results) expect(asked).toBeGreaterThan(20);
    const after = await rootOf(home, 'west');
    expect(after).not.toBe(before);
    expect(after.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    expect(await rootOf(home, 'east')).toBe(after);
    expect(readFileSync(join(home, 'trust/root-cert.pem'), 'utf8').trim()).toBe(after.trim());
    const plan = await isthmus(['plan'], { home });
    expect(plan.code, plan.stdout).toBe(0);
  } finally {
    await kubectl(home, 'east', ['-n', 'sample', 'delete', 'destinationrule', 'fresh-connections']);
  }
});

it('signs new intermediates, which istiod takes while it runs', async () => {
  const home = inject('home');
  const intermediate = async () =>
    (
      await kubectl(home, 'east', [
        '-n',
        'istio-system',
        'get',
        'secret',
        'cacerts',
        '-o',
        'jsonpath={.data.ca-cert\\.pem}',
      ])
    ).stdout;
  const pods = async () => (await kubectl(home, 'east', ['-n', 'istio-system', 'get', 'pods', '-o', 'name'])).stdout;
  const before = { intermediate: await intermediate(), pods: await pods(), root: await rootOf(home, 'east') };
  const rotated = await isthmus(['ca', 'rotate'], { home });
  expect(rotated.code, rotated.stdout + rotated.stderr).toBe(0);
  expect(await intermediate()).not.toBe(before.intermediate);
  expect(await rootOf(home, 'east')).toBe(before.root);
  expect(await pods()).toBe(before.pods);
});

it('rotates the token of a remote, revokes the old one, and shows neither', async () => {
  const home = inject('home');
  const secretOf = async () => {
    const { stdout } = await kubectl(home, 'east', [
      ...['-n', 'istio-system', 'get', 'secret', 'istio-remote-secret-west', '-o', 'jsonpath={.data.west}'],
    ]);
    return /token: (\S+)/.exec(Buffer.from(stdout, 'base64').toString('utf8'))![1]!;
  };
  const old = await secretOf();
  const rotated = await isthmus(['secret', 'rotate'], { home });
  expect(rotated.code, rotated.stdout + rotated.stderr).toBe(0);
  const fresh = await secretOf();
  expect(fresh).not.toBe(old);
  expect(rotated.stdout + rotated.stderr).not.toContain(fresh);
  await eventually('the old token is refused', async () => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: old } };
    const { stdout } = await kubectl(home, 'west', ['create', '-f', '-', '-o', 'json'], JSON.stringify(review));
    return JSON.parse(stdout).status?.authenticated ? { seen: 'it is accepted' } : { value: true };
  });
  const status = await isthmus(['status', '-o', 'json'], { home });
  expect(JSON.parse(status.stdout).tokens).toEqual([{ cluster: 'west', reader: 'east', notAfter: null }]);
});

describe('a change of the mesh file', () => {
  it('is shown by plan, and is not made by up when nobody can be asked', async () => {
    const home = inject('home');
    await using scope = temporaryHome();
    const file = join(scope.home, 'mesh.yaml');
    await isthmus(['init', '-f', file], { home });
    expect((await isthmus(['plan', '-f', file], { home })).code).toBe(0);
    writeFileSync(file, readFileSync(file, 'utf8').replace('accessLog: true', 'accessLog: false'));
    const plan = await isthmus(['plan', '-f', file, '-o', 'json'], { home });
    expect(plan.code).toBe(2);
    const changes = JSON.parse(plan.stdout).objects.filter((one: { action: string }) => one.action !== 'leave');
    expect(changes).toMatchObject([
      { cluster: 'east', object: 'ConfigMap istio-system/istio', action: 'change', fields: [{ path: 'data.mesh' }] },
    ]);
    const refused = await isthmus(['up', '-f', file], { home });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--yes');
    expect((await isthmus(['plan'], { home })).code).toBe(0);
  });
});
