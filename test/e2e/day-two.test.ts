/** What is done to a mesh that stands, while requests go on. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { createRoot } from '../../src/pki/index.ts';
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

it('replaces a root of files by what the files hold now, and no request fails', async () => {
  const home = inject('home');
  await using scope = temporaryHome();
  const pki = mkdtempSync(join(tmpdir(), 'isthmus-pki-'));
  const meshFile = async (name: string, trust: string): Promise<string> => {
    const file = join(scope.home, name);
    await isthmus(['init', '-f', file], { home });
    const text = readFileSync(file, 'utf8');
    const stated = /^ {2}trust:\n( {4}.*\n)+/m;
    expect(text).toMatch(stated);
    writeFileSync(file, text.replace(stated, trust));
    return file;
  };
  const putRoot = async (name: string): Promise<string> => {
    const root = await createRoot({ commonName: name });
    writeFileSync(join(pki, 'root-cert.pem'), root.certPem);
    writeFileSync(join(pki, 'root-key.pem'), root.keyPem, { mode: 0o600 });
    return root.certPem.trim();
  };
  const rotate = async (args: string[]): Promise<void> => {
    const loads = ['east', 'west'].map((cluster) => startLoad(home, cluster));
    const rotated = await isthmus(['ca', 'rotate', '--root', ...args], { home });
    const results = await Promise.all(loads.map((load) => load.stop()));
    expect(rotated.code, rotated.stdout + rotated.stderr).toBe(0);
    expect(results.flatMap((one) => one.failed)).toEqual([]);
  };
  const ofFiles = await meshFile(
    'files.yaml',
    `  trust:\n    files: {rootCert: ${pki}/root-cert.pem, rootKey: ${pki}/root-key.pem}\n`,
  );
  const generated = await meshFile('generated.yaml', '');
  await kubectl(home, 'east', ['apply', '-f', '-'], JSON.stringify(freshConnections));
  try {
    const first = await putRoot('First');
    await rotate(['-f', ofFiles]);
    for (const cluster of ['east', 'west']) expect((await rootOf(home, cluster)).trim()).toBe(first);
    const again = await isthmus(['ca', 'rotate', '--root'], { home });
    expect(again.code).not.toBe(0);
    expect(again.stderr).toContain('put the new root and its key in their place');
    const second = await putRoot('Second');
    const early = await isthmus(['ca', 'rotate'], { home });
    expect(early.stderr).toContain('isthmus ca rotate --root');
    // The record of the mesh names the files since the first rotation.
    await rotate([]);
    for (const cluster of ['east', 'west']) expect((await rootOf(home, cluster)).trim()).toBe(second);
    expect((await isthmus(['plan', '-f', ofFiles], { home })).code).toBe(0);
  } finally {
    await isthmus(['ca', 'rotate', '--root', '-f', generated], { home });
    await kubectl(home, 'east', ['-n', 'sample', 'delete', 'destinationrule', 'fresh-connections']);
    rmSync(pki, { recursive: true, force: true });
  }
  expect((await isthmus(['plan'], { home })).code).toBe(0);
  // Three rotations, each with a verification.
}, 360_000);

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

it('moves the mesh to another revision of the control plane, and back', async () => {
  const home = inject('home');
  await using scope = temporaryHome();
  const file = join(scope.home, 'mesh.yaml');
  await isthmus(['init', '-f', file], { home });
  const names = async (cluster: string, kinds: string) =>
    (await kubectl(home, cluster, ['-n', 'istio-system', 'get', kinds, '-o', 'name'])).stdout;
  const revisions = async (cluster: string): Promise<string[]> => {
    const { stdout } = await kubectl(home, cluster, ['get', 'pods', '-A', '-o', 'json']);
    const pods: { metadata: { annotations?: Record<string, string> } }[] = JSON.parse(stdout).items;
    const proxies = pods.filter(({ metadata }) => metadata.annotations?.['sidecar.istio.io/status']);
    return [...new Set(proxies.map(({ metadata }) => metadata.annotations!['istio.io/rev']!))];
  };
  const moved = await isthmus(['upgrade', 'canary', '--yes', '-f', file], { home, timeoutMs: 240_000 });
  expect(moved.code, moved.stdout + moved.stderr).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('revision: "canary"');
  for (const cluster of ['east', 'west']) {
    expect(await revisions(cluster)).toEqual(['canary']);
    const left = await names(cluster, 'deployments,services,mutatingwebhookconfigurations');
    expect(left.split('\n').filter((one) => /\/(istiod|istio-sidecar-injector)$/.test(one))).toEqual([]);
    expect(left).toContain('service/istiod-canary');
  }
  const back = await isthmus(['upgrade', 'default', '--yes', '-f', file], { home, timeoutMs: 240_000 });
  expect(back.code, back.stdout + back.stderr).toBe(0);
  for (const cluster of ['east', 'west']) {
    expect(await revisions(cluster)).toEqual(['default']);
    expect(await names(cluster, 'deployments,services,mutatingwebhookconfigurations')).not.toMatch(
      /canary|tag-default/,
    );
  }
}, 400_000);
