import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PlantedApi } from '../../../test/support/planted-api.ts';
import { type PlantedObserved, plantObserved, plantTrust } from '../../../test/support/planted-observed.ts';
import { createRoot, issueLeaf, type KeyPair } from '../../pki/index.ts';
import { judgeCertificate, nextLook } from './judge.ts';
import { secretsPath, shownCertificate } from './read.ts';

const identity = 'spiffe://cluster.local/ns/sample/sa/curl';
const pod = 'curl-abc-0';
let planted: PlantedObserved;
let changes: number;

beforeEach(async () => {
  planted = await plantObserved();
  changes = 0;
});
afterEach(async () => {
  vi.useRealTimers();
  await planted[Symbol.asyncDispose]();
});

const issue = (ca: KeyPair, seconds: number) => issueLeaf(ca, { uris: [identity], seconds });
const dumpOf = (certificate: string, root: string) => ({
  configs: [
    { secret: { name: 'default', tls_certificate: { certificate_chain: { inline_bytes: btoa(certificate) } } } },
    { secret: { name: 'ROOTCA', validation_context: { trusted_ca: { inline_string: root } } } },
  ].map((one) => ({ '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump.DynamicSecret', ...one })),
});

/** The proxy shows this from now on; it counts as running. */
async function plantCertificate(api: PlantedApi, ca: KeyPair, seconds: number): Promise<void> {
  const { certPem } = await issue(ca, seconds);
  api.commands.set(`sample/${pod}`, (command) => {
    expect(command.at(-1)).toBe(secretsPath);
    return JSON.stringify(dumpOf(certPem, planted.root.certPem));
  });
}
const start = () => planted.observer.certificates.start(() => changes++);
const model = () => planted.observer.model.cluster('east')!;
const shown = () => planted.observer.certificates.of(model(), 'sample', pod);
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

describe('a certificate is', () => {
  const life = { notBefore: 0, notAfter: 1_000_000, isOwnRoot: true } as Parameters<typeof judgeCertificate>[0];
  test.each([
    [500_000, {}, 'ok', undefined],
    [899_000, {}, 'ok', undefined],
    [901_000, {}, 'degraded', 'ending'],
    [1_000_000, {}, 'broken', 'expired'],
    [-1, {}, 'broken', 'expired'],
    [500_000, { isOwnRoot: false }, 'broken', 'foreign'],
    [500_000, { isOwnRoot: undefined }, 'ok', undefined],
  ])('at %d with %j %s', (now, fields, state, kind) => {
    const judged = judgeCertificate({ ...life, ...fields } as typeof life, now);
    expect([judged.state, judged.kind]).toEqual([state, kind]);
    expect(judged.why === undefined).toBe(state === 'ok');
  });

  test('looked at again after its renewal is due, before it is told of, and at its end', () => {
    const moments: number[] = [];
    for (let now = 0; ; ) {
      const next = nextLook(life, now);
      if (next === undefined) break;
      moments.push((now = next));
    }
    expect(moments).toEqual([550_500, 750_500, 900_500, 1_000_500]);
  });
});

describe('what a proxy shows', () => {
  test('is read without its key, with the roots that it trusts', async () => {
    const { certPem } = await issue(planted.root, 3600);
    const read = shownCertificate(dumpOf(certPem, planted.root.certPem), planted.root.certPem);
    expect(read).toMatchObject({ identity, issuer: 'CN=Root', isOwnRoot: true, trusts: [{ subject: 'CN=Root' }] });
  });

  test('may hang below another root', async () => {
    const other = await createRoot({ commonName: 'Other' });
    const { certPem } = await issue(other, 3600);
    expect(shownCertificate(dumpOf(certPem, other.certPem), planted.root.certPem).isOwnRoot).toBe(false);
    expect(shownCertificate(dumpOf(certPem, other.certPem), '').isOwnRoot).toBeUndefined();
  });

  test('may be nothing', () => {
    expect(() => shownCertificate({ configs: [] }, '')).toThrow('no certificate');
  });
});

test('an ended certificate shows on the mesh, the pod, the workload and its health', async () => {
  await plantCertificate(planted.east, planted.root, 1);
  start();
  await until(() => expect(shown()?.state).toBe('broken'));
  await until(() => expect(changes).toBeGreaterThan(0));
  expect(shown()).toMatchObject({ workload: 'curl', identity, why: expect.stringContaining('was not renewed') });
  const { trust } = planted.observer.mesh().clusters.find((one) => one.name === 'east')!;
  expect(trust.workloads).toMatchObject({ read: 1, expired: 1, state: 'broken' });
  expect([trust.state, trust.why]).toEqual(['broken', expect.stringContaining(`sample/${pod}`)]);
  const health = planted.observer.healthOf([]).workload('east', 'sample', 'curl');
  expect(health).toMatchObject({ status: 'Failure', reasons: [expect.stringContaining(pod)] });
  expect(planted.observer.healthOf([]).workload('west', 'sample', 'curl').status).toBe('Healthy');
}, 20_000);

test('one of several that has ended does not condemn the cluster', async () => {
  await plantCertificate(planted.east, planted.root, 1);
  const { certPem } = await issue(planted.root, 3600);
  planted.east.commands.set('sample/helloworld-v1-abc-0', () => JSON.stringify(dumpOf(certPem, planted.root.certPem)));
  start();
  await until(() => expect(shown()?.state).toBe('broken'));
  await until(() =>
    expect(planted.observer.mesh().clusters[0]!.trust).toMatchObject({ state: 'degraded', workloads: { read: 2 } }),
  );
}, 20_000);

describe('a proxy is asked', () => {
  test('once while nothing happens, though its pod is written again and again', async () => {
    await plantCertificate(planted.east, planted.root, 3600);
    start();
    await until(() => expect(shown()?.state).toBe('ok'));
    const object = planted.east.objects.get(`Pod/sample/${pod}`)!;
    for (let turn = 0; turn < 3; turn++) planted.east.put('Pod', object);
    vi.useFakeTimers({ now: Date.now() });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(planted.east.ran.get(`sample/${pod}`)).toBe(1);
  });

  test('again when its container begins anew, and when the roots change', async () => {
    await plantCertificate(planted.east, planted.root, 3600);
    start();
    await until(() => expect(shown()?.state).toBe('ok'));
    const object: any = planted.east.objects.get(`Pod/sample/${pod}`)!;
    const containerStatuses = [{ name: 'istio-proxy', restartCount: 1, ready: true }];
    planted.east.put('Pod', { ...object, status: { ...object.status, containerStatuses } });
    await until(() => expect(planted.east.ran.get(`sample/${pod}`)).toBe(2));
    await plantTrust(planted.east, await createRoot({ commonName: 'Other' }));
    await until(() => expect(shown()).toMatchObject({ state: 'broken', why: expect.stringContaining('not below') }));
  }, 20_000);

  test('seldom when it does not answer, and that is said', async () => {
    start();
    const unread = () => planted.observer.certificates.list(() => true).unread.find((one) => one.pod === pod);
    await until(() => expect(unread()?.why).toContain('pilot-agent ended with 127'));
    vi.useFakeTimers({ now: Date.now() });
    await vi.advanceTimersByTimeAsync(600_000);
    // Twice a time: pilot-agent, then curl.
    expect(planted.east.ran.get(`sample/${pod}`)! / 2).toBeLessThan(8);
    expect(planted.observer.mesh().clusters[0]!.trust.workloads).toBeUndefined();
  });
});
