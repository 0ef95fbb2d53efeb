/** Which cluster reaches which API server: by addresses alone, and by a pod whose end the test writes in the kubelet's place. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../../test/support/api-server.ts';
import { kinds, type Pod } from '../kube/index.ts';
import { defaultMesh } from '../spec/index.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import { checkReach, whyNever } from './reach.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-reach-'));
const mesh = defaultMesh();
let server: TestApiServer;

beforeAll(async () => {
  server = await startTestApiServer({ folder, name: 'east' });
  await server.client.create(kinds.ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
});
afterEach(async () => {
  const { items } = await server.client.list(kinds.NetworkPolicy, {});
  for (const { metadata } of items) await server.client.delete(kinds.NetworkPolicy, metadata.name!, metadata.namespace);
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function cluster(name: string, internalServer: string, more: Partial<ProvidedCluster> = {}): ProvidedCluster {
  return { name, internalServer, connection: server.client.connection, provider: 'existing', ...more };
}
const clusters = (internalServer: string) => [
  cluster('east', 'https://192.0.2.1:6443'),
  cluster('west', internalServer, { serviceRange: '10.120.0.0/16' }),
];

/** The pod of a probe, once it is made. */
const probe = () =>
  vi.waitFor(
    async () => {
      const { items } = await server.client.list<Pod>(kinds.Pod, { namespace: 'default' });
      return items.find(({ metadata }) => metadata.name?.startsWith('isthmus-reach-'))!.metadata.name!;
    },
    { timeout: 10_000, interval: 20 },
  );
const write = (name: string, status: object) =>
  server.client.patch(kinds.Pod, name, 'default', { status }, { type: 'merge', subresource: 'status' });
const state = (value: object) => ({ containerStatuses: [{ name: 'reach-0', ...about, state: value }] });
const about = { image: 'curl', imageID: '', ready: false, restartCount: 0 };

/** Runs the check, and writes how its pod ends. */
async function checked(status: object) {
  const found = checkReach(mesh, clusters('https://192.0.2.2:6443'));
  const settled = found.catch(() => {});
  await write(await probe(), status);
  await settled;
  // Whatever came of it, the pod is gone.
  expect((await server.client.list(kinds.Pod, { namespace: 'default' })).items).toEqual([]);
  return found;
}

test.each<[string, string, Partial<ProvidedCluster>]>([
  ['https://localhost:6443', 'means itself', {}],
  ['https://kubernetes.default.svc:443', 'its own API server', {}],
  ['https://192.0.2.1:6443', 'is said to be at 192.0.2.1:6443 too', {}],
  ['https://169.254.10.1:6443', 'within one machine only', {}],
  ['https://10.120.0.1:443', 'a Service of west', { serviceRange: '10.120.0.0/16' }],
  ['https://10.110.3.4:443', 'a range of east', {}],
  ['https://10.10.0.7:6443', 'a range of east', {}],
  ['https://192.0.2.2:6443', 'west is embedded', { provider: 'embedded' }],
])('%s is never reached: %s', (address, why, more) => {
  const east = cluster('east', 'https://192.0.2.1:6443', { podRange: '10.10.0.0/16', serviceRange: '10.110.0.0/16' });
  expect(whyNever({ from: east, to: cluster('west', address, more) })).toContain(why);
});

test('an address of which nothing is known is tried by a pod', async () => {
  expect(
    whyNever({ from: cluster('east', 'https://192.0.2.1:6443'), to: cluster('west', 'https://192.0.2.2:6443') }),
  ).toBe(undefined);
  const found = await checked(state({ terminated: { exitCode: 0, reason: 'Completed' } }));
  expect(found).toEqual([{ from: 'east', to: 'west', reached: true, why: 'a pod of east has reached it' }]);
});

test.each([
  [7, 'the connection is refused'],
  [28, 'no answer'],
  [6, 'its name is not known'],
])('a connection that ends with %i is an error that says so, with what to change', async (exitCode, why) => {
  await expect(checked(state({ terminated: { exitCode, reason: 'Error' } }))).rejects.toMatchObject({
    code: 'providers.not-reached',
    where: 'https://192.0.2.2:6443',
    why: expect.stringContaining(why),
    fix: expect.stringContaining('provider.existing.internalServer of west'),
  });
});

test('what cannot be known is no error: no image, or a policy that may be the cause', async () => {
  const unpulled = await checked(state({ waiting: { reason: 'ErrImagePull', message: 'no such host' } }));
  expect(unpulled).toMatchObject([{ reached: undefined, why: expect.stringContaining('ErrImagePull: no such host') }]);
  const policy = {
    metadata: { name: 'deny', namespace: 'default' },
    spec: { podSelector: {}, policyTypes: ['Egress'] },
  };
  await server.client.create(kinds.NetworkPolicy, policy);
  const limited = await checked(state({ terminated: { exitCode: 28, reason: 'Error' } }));
  expect(limited).toMatchObject([{ reached: undefined, why: expect.stringContaining('NetworkPolicy') }]);
});

test('the pod of a run that was killed is taken away by the next', async () => {
  const spec = { containers: [{ name: 'a', image: 'curl' }] };
  const metadata = { name: 'isthmus-killed', namespace: 'default', labels: { 'isthmus.dev/probe': 'reach' } };
  await server.client.create<Pod>(kinds.Pod, { metadata, spec });
  await write('isthmus-killed', { phase: 'Failed' });
  await checked(state({ terminated: { exitCode: 0, reason: 'Completed' } }));
});

test('embedded clusters among themselves are not asked', async () => {
  const embedded = clusters('https://192.168.49.3:6443').map((one) => ({ ...one, provider: 'embedded' as const }));
  expect(await checkReach(mesh, embedded)).toEqual([]);
});
