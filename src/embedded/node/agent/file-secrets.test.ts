import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FileSecrets, fileSecrets } from './file-secrets.ts';

let folder: string;
let secrets: FileSecrets;
let changed: PromiseWithResolvers<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-secrets-'));
  changed = Promise.withResolvers();
  secrets = fileSecrets(
    (path) => (path === '/etc/certs' ? folder : undefined),
    changed.resolve,
    () => {},
  );
  writeFileSync(join(folder, 'tls.crt'), 'certificate');
  writeFileSync(join(folder, 'tls.key'), 'key');
});

afterEach(() => {
  secrets.stop();
  rmSync(folder, { recursive: true });
});

it('reads certificates and roots where the volume is', () => {
  expect(secrets.read('file-cert:/etc/certs/tls.crt~/etc/certs/tls.key')).toEqual({
    tls_certificate: { certificate_chain: { inline_string: 'certificate' }, private_key: { inline_string: 'key' } },
  });
  expect(secrets.read('file-root:/etc/certs/tls.crt')).toEqual({
    validation_context: { trusted_ca: { inline_string: 'certificate' } },
  });
});

it('gives nothing for a file that no volume holds', () => {
  expect(secrets.read('file-root:/etc/other/ca.crt')).toBeUndefined();
});

it('says when a file has changed', async () => {
  secrets.read('file-root:/etc/certs/tls.crt');
  writeFileSync(join(folder, 'tls.crt'), 'another');
  await changed.promise;
  expect(secrets.read('file-root:/etc/certs/tls.crt')).toMatchObject({
    validation_context: { trusted_ca: { inline_string: 'another' } },
  });
});
