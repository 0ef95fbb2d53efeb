import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PlantedObserved, plantObserved } from '../../test/support/planted-observed.ts';
import { listenOn } from './console-server.ts';

let planted: PlantedObserved;
let folder: string;
beforeEach(async () => {
  planted = await plantObserved();
  folder = mkdtempSync(join(tmpdir(), 'isthmus-secret-'));
});
afterEach(async () => {
  await planted[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const listen = (options: Record<string, unknown>) =>
  listenOn({ observer: planted.observer, options: { port: '0', ...options }, pages: async () => ({ folder }) });
const provider = { oidcIssuer: 'https://sso.example', oidcClientId: 'console' };

test.each([
  [{ auth: 'password' }, /--auth password is not anonymous, token or openid/],
  [{ auth: 'openid' }, /needs --oidc-issuer and --oidc-client-id/],
  [{ auth: 'openid', oidcIssuer: 'https://sso.example' }, /needs --oidc-issuer and --oidc-client-id/],
  [{ auth: 'token', ...provider }, /--oidc-... needs --auth openid/],
  [{ oidcScopes: 'groups' }, /--oidc-... needs --auth openid/],
  [{ auth: 'openid', ...provider, oidcClientSecretFile: '/nonexistent' }, /gives no secret.*ENOENT/],
])('%o is refused', async (options, message) => {
  await expect(listen(options)).rejects.toMatchObject({
    code: 'cli.arguments',
    message: expect.stringMatching(message),
  });
});

test('an empty secret is none', async () => {
  const oidcClientSecretFile = join(folder, 'secret');
  writeFileSync(oidcClientSecretFile, '\n');
  await expect(listen({ auth: 'openid', ...provider, oidcClientSecretFile })).rejects.toMatchObject({
    why: 'it is empty',
  });
  writeFileSync(oidcClientSecretFile, 'secret\n');
  await using server = await listen({ auth: 'openid', ...provider, oidcClientSecretFile, listen: '127.0.0.1' });
  expect(await (await fetch(`${server.url}/api/auth/info`)).json()).toMatchObject({ strategy: 'openid' });
});
