import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { startTestApiServer } from '../../test/support/api-server.ts';
import { defaultMesh, type Mesh } from '../spec/index.ts';
import { worldConfigOf } from './embedded.ts';
import { findExisting } from './existing.ts';
import { findClusters, needsEngine } from './index.ts';
import { type KernelSettings, refusal } from './prerequisites.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-providers-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const artifacts = { envoy: { path: '/e' }, prometheus: { path: '/p' }, nft: { path: '/n', libraryPath: '/l' } };

test('the world has what the mesh says, and nothing that is no world matter', () => {
  expect(worldConfigOf(defaultMesh(), '/home', artifacts)).toMatchObject({
    home: '/home',
    sharedNetwork: '192.168.49.0/24',
    clusters: [
      { name: 'east', nodeAddress: '192.168.49.2', podRange: '10.10.0.0/16', serviceRange: '10.110.0.0/16' },
      { name: 'west', nodeAddress: '192.168.49.3', podRange: '10.20.0.0/16', serviceRange: '10.120.0.0/16' },
    ],
    programs: { node: process.execPath, envoy: '/e', nft: '/n', nftLibraryPath: '/l' },
  });
});

test('without a world, the way to start one is told', async () => {
  await expect(findClusters(defaultMesh(), { home: folder })).rejects.toMatchObject({
    code: 'providers.not-running',
    fix: 'start them: isthmus up',
  });
});

function meshOf(kubeconfig: string): Mesh {
  const mesh = defaultMesh();
  mesh.clusters = [
    { ...mesh.clusters[0]!, provider: { type: 'existing', context: 'ctx', kubeconfig, internalServer: undefined } },
  ];
  return mesh;
}

function kubeconfig(server: string): string {
  const path = join(folder, 'kubeconfig');
  writeFileSync(
    path,
    stringify({
      contexts: [{ name: 'ctx', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server } }],
      users: [{ name: 'u', user: { token: 'not-to-be-shown' } }],
    }),
  );
  return path;
}

test('a mesh of existing clusters needs no engine', () => {
  expect(needsEngine(meshOf('x'))).toBe(false);
  expect(needsEngine(defaultMesh())).toBe(true);
});

test('an existing cluster that does not answer is told with its context, and without its token', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const error = await findExisting(meshOf(kubeconfig(`https://127.0.0.1:${port}`))).catch((error) => error);
  expect(error).toMatchObject({ code: 'providers.unreachable', where: expect.stringContaining('context ctx') });
  expect(JSON.stringify({ ...error, message: error.message })).not.toContain('not-to-be-shown');
});

test('an address of this machine alone is refused where others would use it, and is no obstacle to leaving', async () => {
  const server = await startTestApiServer({ folder, name: 'ctx' });
  try {
    writeFileSync(join(folder, 'kubeconfig'), server.kubeconfig);
    const [east, west] = defaultMesh().clusters;
    const provider = {
      type: 'existing' as const,
      context: 'ctx',
      kubeconfig: join(folder, 'kubeconfig'),
      internalServer: undefined,
    };
    const mesh = { ...defaultMesh(), clusters: [east!, { ...west!, provider }] };
    await expect(findExisting(mesh)).rejects.toMatchObject({ code: 'providers.loopback' });
    expect(await findExisting(mesh, {}, { isLeaving: true })).toMatchObject([{ name: 'west' }]);
    expect(await findExisting({ ...mesh, clusters: [{ ...east!, provider }] })).toMatchObject([{ name: 'east' }]);
  } finally {
    await server.stop();
  }
});

test('a context that is not known is told with those that are', async () => {
  const mesh = meshOf(kubeconfig('https://127.0.0.1:1'));
  mesh.clusters[0]!.provider = {
    type: 'existing',
    context: 'other',
    kubeconfig: join(folder, 'kubeconfig'),
    internalServer: undefined,
  };
  await expect(findExisting(mesh)).rejects.toMatchObject({ code: 'kube.kubeconfig', fix: 'known contexts: ctx' });
});

const open: KernelSettings = {
  platform: 'linux',
  root: false,
  container: false,
  unprivilegedClone: undefined,
  maxUserNamespaces: '10000',
  apparmorRestricts: undefined,
};

test.each<[string, Partial<KernelSettings>, string]>([
  ['Debian of old', { unprivilegedClone: '0' }, 'kernel.unprivileged_userns_clone=1'],
  ['a limit of none', { maxUserNamespaces: '0' }, 'user.max_user_namespaces=15000'],
  ['Ubuntu', { apparmorRestricts: '1' }, 'kernel.apparmor_restrict_unprivileged_userns=0'],
  ['a container', { container: true }, '--privileged'],
  ['anything else', {}, 'unshare --user'],
])('user namespaces that are refused on %s are told with the cure', (_where, settings, fix) => {
  const error = refusal('namespaces', 'unshare failed: Operation not permitted', { ...open, ...settings });
  expect(error.code).toBe('providers.user-namespaces');
  expect(error.why).toContain('Operation not permitted');
  expect(error.fix).toContain(fix);
});

test('a setting that does not bind root is not blamed for root', () => {
  expect(refusal('namespaces', '', { ...open, root: true, unprivilegedClone: '0' }).fix).not.toContain('clone');
});

test('other systems are told to use Linux or existing clusters', () => {
  expect(refusal('namespaces', '', { ...open, platform: 'darwin' }).code).toBe('providers.platform');
});
