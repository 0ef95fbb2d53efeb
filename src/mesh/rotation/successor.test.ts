/** What a root of files is followed by: what the files hold now, or a word on what to put into them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createIntermediate, createRoot, type KeyPair, verifyChain } from '../../pki/index.ts';
import { defaultMesh, type MeshTrust } from '../../spec/index.ts';
import { type Bundle, secretOf, signedBundle } from '../parts/bundle.ts';
import type { RotationRun } from './run.ts';
import { successor } from './successor.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-successor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

const old = await createRoot({ commonName: 'Old' });
const fresh = await createRoot({ commonName: 'Fresh' });

function byRoot(root: KeyPair): MeshTrust {
  const [rootCert, rootKey] = [file('root-cert.pem', root.certPem), file('root-key.pem', root.keyPem)];
  return { source: 'root', workloadTtlSeconds: 86_400, intermediateDays: 30, rootCert, rootKey };
}

async function byIntermediates(root: KeyPair, below = root): Promise<MeshTrust> {
  const filesOf = async (name: string) => {
    const { certPem, keyPem } = await createIntermediate(below, { commonName: name });
    return {
      caCert: file(`${name}-cert.pem`, certPem),
      caKey: file(`${name}-key.pem`, keyPem),
      certChain: file(`${name}-chain.pem`, certPem + below.certPem),
    };
  };
  const clusters = { east: await filesOf('east'), west: await filesOf('west') };
  return {
    source: 'intermediates',
    workloadTtlSeconds: 86_400,
    rootCert: file('root-cert.pem', root.certPem),
    clusters,
  };
}

async function next(trust: MeshTrust, bundles: Bundle[]) {
  const saved: unknown[] = [];
  const clients = ['east', 'west'].map((name, index) => ({
    name,
    find: async () => secretOf(bundles[index]!),
    list: async () => ({ items: [] }),
  }));
  const store = { load: async () => undefined, save: async (root: unknown) => void saved.push(root) };
  const keep = { ...store, loadNext: async () => undefined, saveNext: async (root: unknown) => void saved.push(root) };
  const run = { mesh: { ...defaultMesh(), trust }, clients, trust: keep, signal: new AbortController().signal };
  const found = await successor(run as unknown as RotationRun);
  await found.take();
  return { found, saved };
}
const belowOld = async () => [await signedBundle(old, 'east', 30), await signedBundle(old, 'west', 30)];
const hangsBelow = (bundle: Bundle, { certPem }: KeyPair): boolean =>
  verifyChain({ leafPem: bundle['ca-cert.pem'], intermediatesPem: bundle['cert-chain.pem'], rootPem: certPem }).ok;

it('is the root of the files, which signs, and is kept nowhere else', async () => {
  const { found, saved } = await next(byRoot(fresh), await belowOld());
  expect(found.certPem).toBe(fresh.certPem);
  expect(hangsBelow(await found.bundleOf('west'), fresh)).toBe(true);
  expect(saved).toEqual([]);
});

it('is what the user has signed, where the files hold intermediates', async () => {
  const { found } = await next(await byIntermediates(fresh), await belowOld());
  expect(hangsBelow(await found.bundleOf('east'), fresh)).toBe(true);
});

it('is refused before anything is changed where an intermediate hangs below another root', async () => {
  const mixed = await byIntermediates(fresh, old);
  await expect(next(mixed, await belowOld())).rejects.toMatchObject({ code: 'mesh.trust-file' });
});

it('is none where the files hold what the clusters have, and it is said what to put there', async () => {
  const here = [await signedBundle(fresh, 'east', 30), await signedBundle(fresh, 'west', 30)];
  await expect(next(byRoot(fresh), here)).rejects.toMatchObject({
    code: 'mesh.root-unchanged',
    fix: expect.stringContaining('the new root and its key'),
  });
  await expect(next(await byIntermediates(fresh), here)).rejects.toMatchObject({
    code: 'mesh.root-unchanged',
    fix: expect.stringContaining("each cluster's intermediate"),
  });
});

it('goes on where one cluster still trusts both', async () => {
  const [east, west] = [await signedBundle(fresh, 'east', 30), await signedBundle(fresh, 'west', 30)];
  const both = { ...west, 'root-cert.pem': fresh.certPem + old.certPem };
  expect((await next(byRoot(fresh), [east, both])).found.certPem).toBe(fresh.certPem);
});
