import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CertifiedProvider, startCertifiedProvider } from '../../../../test/support/oidc-provider.ts';
import { type PlantedObserved, plantObserved } from '../../../../test/support/planted-observed.ts';
import { type Console, startConsole } from '../index.ts';

const id = 'isthmus-console';
let planted: PlantedObserved;
let provider: CertifiedProvider;

beforeEach(async () => {
  [planted, provider] = await Promise.all([plantObserved(), startCertifiedProvider()]);
  for (const api of [planted.east, planted.west]) api.connection.server = 'https://127.0.0.1:1';
  planted.west.tokens.has = (token) => provider.given.includes(token);
});
afterEach(async () => {
  await provider[Symbol.asyncDispose]();
  await planted[Symbol.asyncDispose]();
});

/** Follows redirects with cookies by origin, and fills in the provider's forms, until a path of the console that is not of the API. */
async function browse(console: Console, path: string): Promise<{ url: string; status: number; cookies: string }> {
  const jars = new Map<string, Map<string, string>>();
  let url = `${console.url}${path}`;
  let init: RequestInit = {};
  for (let step = 0; step < 20; step++) {
    const { origin, pathname } = new URL(url);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      jar.set(name, value);
    }
    init = {};
    const to = response.headers.get('location');
    if (to) url = new URL(to, url).href;
    else if (origin === console.url) return { url, status: response.status, cookies: cookie };
    else {
      const page = await response.text();
      const [, action = '', prompt = ''] = /action="([^"]+)"[\s\S]*?name="prompt" value="(\w+)"/.exec(page) ?? [];
      expect(prompt, `${pathname}: ${page.slice(0, 300)}`).toMatch(/login|consent/);
      url = new URL(action, url).href;
      init = { method: 'POST', body: new URLSearchParams({ prompt, login: 'ada', password: 'any' }) };
    }
    if (new URL(url).origin === console.url && !new URL(url).pathname.startsWith('/api/'))
      return { url, status: 302, cookies: [...(jars.get(console.url) ?? [])].map((one) => one.join('=')).join('; ') };
  }
  throw new Error(`no end of redirects at ${url}`);
}

test.each([undefined, 'a secret of 1+1 & more'])(
  'one signs in by a provider of others, with the secret %s',
  async (secret) => {
    await using server = await startConsole({
      observer: planted.observer,
      auth: 'openid',
      openId: { issuer: provider.url, clientId: id, clientSecret: secret },
      port: 0,
      version: '1',
      pages: async () => ({ folder: '/nonexistent' }),
    });
    const redirectUri = `${server.url}/api/auth/callback`;
    provider.serve({ id, redirectUri, ...(secret ? { secret } : {}) });
    const { url, status, cookies } = await browse(server, '/api/auth/openid_redirect?page=%2Fgraph');
    expect([status, url]).toEqual([302, `${server.url}/graph`]);
    expect(provider.given).toHaveLength(1);
    const mesh = await fetch(`${server.url}/api/mesh`, { headers: { cookie: cookies } });
    expect(mesh.status).toBe(200);
    expect((await fetch(`${server.url}/api/mesh`)).status).toBe(401);
  },
);

test('a provider that does not know the client says so', async () => {
  await using server = await startConsole({
    observer: planted.observer,
    auth: 'openid',
    openId: { issuer: provider.url, clientId: 'unknown' },
    port: 0,
    version: '1',
    pages: async () => ({ folder: '/nonexistent' }),
  });
  provider.serve({ id, redirectUri: `${server.url}/api/auth/callback` });
  const away = await fetch(`${server.url}/api/auth/openid_redirect`, { redirect: 'manual' });
  const answer = await fetch(away.headers.get('location')!);
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('invalid_client')]);
});
