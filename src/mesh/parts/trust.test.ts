/** The user's own certificates: taken when they fit each other, refused by the name of the file when they do not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createIntermediate, createRoot, issueLeaf, type KeyPair, verifyChain } from '../../pki/index.ts';
import { defaultMesh, type MeshTrust } from '../../spec/index.ts';
import type { PartContext } from '../part.ts';
import { type Bundle, secretOf, signedBundle, whyUnfit } from './bundle.ts';
import { trust } from './trust.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-trust-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

const root = await createRoot({ commonName: 'Root' });
const foreign = await createRoot({ commonName: 'Foreign' });
const intermediate = await createIntermediate(root, { commonName: 'Intermediate' });

/** @param existing what the cluster has already */
async function bundleFor(settings: MeshTrust, existing?: Bundle): Promise<Record<string, string>> {
  const mesh = { ...defaultMesh(), trust: settings };
  const client = { find: async () => existing && secretOf(existing) };
  const context = {
    mesh,
    cluster: mesh.clusters[0],
    client,
    clientOf: () => client,
    trust: {
      load: async () => undefined,
      save: async () => {
        throw new Error("the user's root is not ours to keep");
      },
    },
  } as unknown as PartContext;
  const [placed] = await trust.desired(context);
  const data: Record<string, string> = placed!.object['data'];
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]));
}

const byRoot = (rootKey: string, rootCert = file('root-cert.pem', root.certPem)): MeshTrust => ({
  source: 'root',
  workloadTtlSeconds: 86_400,
  intermediateDays: 30,
  rootCert,
  rootKey,
});

describe("the user's root", () => {
  it('signs an intermediate for the cluster', async () => {
    const bundle = await bundleFor(byRoot(file('root-key.pem', root.keyPem)));
    expect(bundle['root-cert.pem']).toBe(root.certPem);
    const chain = { leafPem: bundle['ca-cert.pem']!, intermediatesPem: '', rootPem: root.certPem };
    expect(verifyChain(chain)).toEqual({ ok: true });
  });

  it('is refused with another key, and nothing of the key is shown', async () => {
    const path = file('other-key.pem', foreign.keyPem);
    const error = await bundleFor(byRoot(path)).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'mesh.trust-file', where: path, fault: 'user' });
    expect(JSON.stringify(error) + error.message).not.toContain(foreign.keyPem.split('\n')[1]);
  });

  it('is refused when its file is not there', async () => {
    await expect(bundleFor(byRoot(join(folder, 'absent.pem')))).rejects.toMatchObject({
      where: join(folder, 'absent.pem'),
      why: expect.stringContaining('ENOENT'),
    });
  });
});

describe('a cluster that hangs below another root than that of the files', () => {
  it('is told to have its root rotated, and nothing is signed below it', async () => {
    const existing = await signedBundle(foreign, 'east', 30);
    await expect(bundleFor(byRoot(file('root-key.pem', root.keyPem)), existing)).rejects.toMatchObject({
      code: 'mesh.foreign-root',
      fix: expect.stringContaining('isthmus ca rotate --root'),
    });
  });

  it('is on the way while it trusts both', async () => {
    const existing = await signedBundle(foreign, 'east', 30);
    existing['root-cert.pem'] = foreign.certPem + root.certPem;
    expect(await bundleFor(byRoot(file('root-key.pem', root.keyPem)), existing)).toEqual(existing);
  });
});

describe("the user's intermediates", () => {
  const byFiles = (pair: KeyPair, chain: string, clusters = ['east']): MeshTrust => ({
    source: 'intermediates',
    workloadTtlSeconds: 86_400,
    rootCert: file('root-cert.pem', root.certPem),
    clusters: Object.fromEntries(
      clusters.map((name) => [
        name,
        {
          caCert: file('ca-cert.pem', pair.certPem),
          caKey: file('ca-key.pem', pair.keyPem),
          certChain: file('cert-chain.pem', chain),
        },
      ]),
    ),
  });

  it('are taken as they are, with either of the two ways to write a chain', async () => {
    for (const chain of [intermediate.certPem + root.certPem, intermediate.certPem])
      expect(await bundleFor(byFiles(intermediate, chain))).toEqual({
        'ca-cert.pem': intermediate.certPem,
        'ca-key.pem': intermediate.keyPem,
        'cert-chain.pem': chain,
        'root-cert.pem': root.certPem,
      });
  });

  it('are refused when they hang below another root', async () => {
    const stray = await createIntermediate(foreign, { commonName: 'Stray' });
    await expect(bundleFor(byFiles(stray, stray.certPem))).rejects.toMatchObject({
      code: 'mesh.trust-file',
      why: expect.stringContaining('Foreign'),
    });
  });

  it('are missed by the name of the cluster', async () => {
    await expect(bundleFor(byFiles(intermediate, intermediate.certPem, ['west']))).rejects.toMatchObject({
      code: 'mesh.no-intermediate',
      where: 'east',
    });
  });
});

describe('a bundle is unfit', () => {
  const bundle = {
    'ca-cert.pem': intermediate.certPem,
    'ca-key.pem': intermediate.keyPem,
    'root-cert.pem': root.certPem,
    'cert-chain.pem': intermediate.certPem,
  };

  it('in no other case than these', () => {
    expect(whyUnfit(bundle, root.certPem)).toBeUndefined();
    expect(whyUnfit({ ...bundle, 'root-cert.pem': foreign.certPem + root.certPem }, root.certPem)).toBeUndefined();
  });
  it('with the key of another certificate', () => {
    expect(whyUnfit({ ...bundle, 'ca-key.pem': root.keyPem }, root.certPem)).toContain('ca-key.pem');
  });
  it('with a certificate that may not sign', async () => {
    const leaf = await issueLeaf(root, { commonName: 'leaf', seconds: 3600 });
    const unfit = { ...bundle, 'ca-cert.pem': leaf.certPem, 'ca-key.pem': leaf.keyPem };
    expect(whyUnfit(unfit, root.certPem)).toContain('not the certificate of a CA');
  });
  it('when proxies would be given another root, or none', () => {
    expect(whyUnfit({ ...bundle, 'root-cert.pem': foreign.certPem }, root.certPem)).toContain('root-cert.pem');
    expect(whyUnfit({ ...bundle, 'root-cert.pem': '' }, root.certPem)).toContain('root-cert.pem');
  });
  it('when it is empty', () => {
    expect(whyUnfit({ ...bundle, 'ca-cert.pem': '' }, root.certPem)).toContain('cannot be read');
  });
});
