import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createCsr,
  createIntermediate,
  createRoot,
  issueFromCsr,
  issueLeaf,
  keyMatches,
  readCertificate,
  verifyChain,
} from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-pki-'));
afterAll(() => rmSync(folder, { recursive: true }));

const root = await createRoot({ commonName: 'Root CA', organization: 'Isthmus' });
const intermediate = await createIntermediate(root, {
  commonName: 'Intermediate CA',
  organization: 'Isthmus',
  locality: 'east',
});
const id = 'spiffe://cluster.local/ns/sample/sa/curl';

describe('a chain from root to workload', () => {
  it('is accepted by us and by openssl', async () => {
    const leaf = await issueLeaf(intermediate, { uris: [id], seconds: 3600 });
    expect(
      verifyChain({ leafPem: leaf.certPem, intermediatesPem: intermediate.certPem, rootPem: root.certPem }),
    ).toEqual({ ok: true });
    for (const [name, pem] of Object.entries({ root: root.certPem, int: intermediate.certPem, leaf: leaf.certPem }))
      writeFileSync(join(folder, `${name}.pem`), pem);
    const path = (name: string) => join(folder, `${name}.pem`);
    const answer = execFileSync('openssl', [
      'verify',
      '-x509_strict',
      '-CAfile',
      path('root'),
      '-untrusted',
      path('int'),
      path('leaf'),
    ]);
    expect(answer.toString()).toContain('OK');
    expect(readCertificate(leaf.certPem).uris).toEqual([id]);
    expect(keyMatches(leaf.certPem, leaf.keyPem)).toBe(true);
    expect(keyMatches(leaf.certPem, root.keyPem)).toBe(false);
  });

  it('is refused under a foreign root, with the reason', async () => {
    const leaf = await issueLeaf(intermediate, { uris: [id], seconds: 3600 });
    const foreign = await createRoot({ commonName: 'Foreign' });
    const result = verifyChain({
      leafPem: leaf.certPem,
      intermediatesPem: intermediate.certPem,
      rootPem: foreign.certPem,
    });
    expect(result).toMatchObject({ ok: false, why: expect.stringContaining('is not among the certificates given') });
  });

  it('is refused after its end', async () => {
    const leaf = await issueLeaf(intermediate, { uris: [id], seconds: 60 });
    const at = new Date(Date.now() + 120_000);
    expect(
      verifyChain({ leafPem: leaf.certPem, intermediatesPem: intermediate.certPem, rootPem: root.certPem, at }),
    ).toMatchObject({
      ok: false,
      why: expect.stringContaining('expired'),
    });
  });
});

describe('a certificate signing request', () => {
  it('gets the names that the signer decides, not its own', async () => {
    const { csrPem, keyPem } = await createCsr({ uris: ['spiffe://evil/ns/x/sa/y'] });
    const certPem = await issueFromCsr(intermediate, csrPem, { uris: [id], seconds: 60 });
    expect(readCertificate(certPem).uris).toEqual([id]);
    expect(keyMatches(certPem, keyPem)).toBe(true);
  });

  it('is refused when it is not one', async () => {
    await expect(issueFromCsr(intermediate, 'nonsense', { uris: [id], seconds: 60 })).rejects.toThrow();
  });
});

it('never outlives its issuer', async () => {
  const short = await createIntermediate(root, { commonName: 'short', days: 1 });
  const leaf = await issueLeaf(short, { dnsNames: ['a.example'], seconds: 10 * 86_400 });
  expect(readCertificate(leaf.certPem).notAfter.getTime()).toBeLessThanOrEqual(
    readCertificate(short.certPem).notAfter.getTime(),
  );
});
