import type { JsonWebKey } from 'node:crypto';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OpenIdIssuer, startIssuer } from '../../../../test/support/openid-issuer.ts';
import { type PlantedObserved, plantObserved } from '../../../../test/support/planted-observed.ts';
import { type Console, type ConsoleOptions, startConsole } from '../index.ts';
import { checkIdToken } from './id-token.ts';

let planted: PlantedObserved;
let issuer: OpenIdIssuer;
let server: Console;

const start = (openId?: Partial<ConsoleOptions['openId']>, listen?: string): Promise<Console> =>
  startConsole({
    observer: planted.observer,
    auth: 'openid',
    openId: { issuer: issuer.url, clientId: issuer.clientId, ...openId },
    listen,
    port: 0,
    version: '1',
    pages: async () => ({ folder: '/nonexistent' }),
  });

beforeEach(async () => {
  [planted, issuer] = await Promise.all([plantObserved(), startIssuer()]);
  // Reviews of access are asked at the address itself: nobody answers there, at once.
  for (const api of [planted.east, planted.west]) api.connection.server = 'https://127.0.0.1:1';
  // West is the API server that knows the issuer: it accepts what that has given, and nothing else.
  planted.west.tokens.has = (token) => issuer.given.includes(token);
  server = await start();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
  await planted[Symbol.asyncDispose]();
});

/** What a browser does: keeps cookies by name and path, goes where it is sent when told to. */
class Browser {
  readonly cookies = new Map<string, { value: string; path: string; text: string }>();
  readonly headers: Record<string, string>;
  constructor(headers: Record<string, string> = {}) {
    this.headers = headers;
  }

  async open(url: string, init: RequestInit = {}): Promise<Response> {
    const { origin, pathname } = new URL(url);
    const sent = [...this.cookies].filter(([, { path }]) => pathname.startsWith(path));
    const cookie = sent.map(([name, { value }]) => `${name}=${value}`).join('; ');
    const headers = { ...this.headers, ...(origin === server.url ? { cookie } : {}) };
    const response = await fetch(url, { ...init, headers: { ...headers, ...init.headers }, redirect: 'manual' });
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      if (/Max-Age=0/.test(text)) this.cookies.delete(name);
      else this.cookies.set(name, { value, path: /Path=([^;]+)/.exec(text)![1]!, text });
    }
    return response;
  }

  /** To the provider. @returns the address to which it sends back */
  async toProvider(page = '/'): Promise<string> {
    const away = await this.open(`${server.url}/api/auth/openid_redirect?page=${encodeURIComponent(page)}`);
    expect(away.status, await away.clone().text()).toBe(302);
    const back = await this.open(away.headers.get('location')!);
    return back.headers.get('location')!;
  }

  async signIn(page?: string): Promise<{ status: number; body: any; location: string | null }> {
    const response = await this.open(await this.toProvider(page));
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text), location: response.headers.get('location') };
  }

  async info(): Promise<any> {
    return (await this.open(`${server.url}/api/auth/info`)).json();
  }
}

describe('a sign-in', () => {
  test.each(['RS256', 'ES256'] as const)('with %s makes the ID token the bearer', async (algorithm) => {
    issuer.algorithm = algorithm;
    const browser = new Browser();
    const before = await browser.info();
    expect(before).toEqual({ strategy: 'openid', authorizationEndpoint: '/api/auth/openid_redirect' });
    expect((await browser.open(`${server.url}/api/mesh`)).status).toBe(401);
    expect(await browser.signIn('/graph?clusters=east')).toMatchObject({
      status: 302,
      location: '/graph?clusters=east',
    });
    expect((await browser.info()).sessionInfo.username).toBe('somebody');
    expect((await browser.open(`${server.url}/api/mesh`)).status).toBe(200);
    const { text } = browser.cookies.get('isthmus-session')!;
    expect(text).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Max-Age=(299|300)$/);
    expect(text).not.toContain(issuer.given[0]);
    expect([...browser.cookies.keys()]).toEqual(['isthmus-session']);
    const bearer = { authorization: `Bearer ${issuer.given[0]}` };
    expect((await new Browser(bearer).open(`${server.url}/api/mesh`)).status).toBe(200);
  });

  test('ends by signing out, also for who has kept the cookie', async () => {
    const browser = new Browser();
    await browser.signIn();
    const kept = new Map(browser.cookies);
    expect((await browser.open(`${server.url}/api/logout`, { method: 'DELETE' })).status).toBe(200);
    expect(browser.cookies.size).toBe(0);
    for (const [name, cookie] of kept) browser.cookies.set(name, cookie);
    expect((await browser.open(`${server.url}/api/mesh`)).status).toBe(401);
  });

  test('behind a proxy that ends TLS has secure cookies, and its name', async () => {
    const browser = new Browser({ 'x-forwarded-proto': 'https' });
    const back = new URL(await browser.toProvider());
    expect(back.protocol).toBe('https:');
    expect(back.pathname).toBe('/api/auth/callback');
    const { text } = browser.cookies.get('isthmus-sign-in')!;
    expect(text).toMatch(/; Path=\/api\/auth; HttpOnly; SameSite=Lax; Max-Age=600; Secure$/);
    expect((await browser.open(`${server.url}${back.pathname}${back.search}`)).status).toBe(302);
    expect(browser.cookies.get('isthmus-session')!.text).toMatch(/; Secure$/);
  });

  test('comes back to the name by which the browser asked, though it listens on loopback', async () => {
    const { port } = new URL(server.url);
    const headers = { host: 'console.example', 'x-forwarded-proto': 'https' };
    const location = await new Promise<string>((resolve, reject) => {
      request({ port, host: '127.0.0.1', path: '/api/auth/openid_redirect', headers }, (response) => {
        response.resume();
        resolve(response.headers.location ?? `none: ${response.statusCode}`);
      })
        .on('error', reject)
        .end();
    });
    expect(new URL(location).searchParams.get('redirect_uri')).toBe('https://console.example/api/auth/callback');
  });

  test.each(['https://evil.example/', '//evil.example/', '/..//evil.example', '/\\evil.example', 'javascript:1'])(
    'leads to no other site: %s',
    async (page) => {
      expect(await new Browser().signIn(page)).toMatchObject({ status: 302, location: '/' });
    },
  );

  test.each([['client_secret_basic'], ['client_secret_post']])('names the client by %s', async (method) => {
    issuer.clientAuthentication = [method];
    issuer.clientSecret = 'of the client: 1+1';
    expect(await new Browser().signIn()).toMatchObject({ status: 401, body: { why: 'invalid_client' } });
    await server[Symbol.asyncDispose]();
    server = await start({ clientSecret: issuer.clientSecret, scopes: ['groups'] });
    expect((await new Browser().signIn()).status).toBe(302);
    const claims = JSON.parse(Buffer.from(issuer.given[0]!.split('.')[1]!, 'base64url').toString());
    expect(claims.scope).toBe('openid groups');
  });

  test('may be asked for elsewhere than on loopback', async () => {
    await using open = await start({}, '0.0.0.0');
    expect(open.url).toContain('0.0.0.0');
  });
});

describe('is refused', () => {
  const refused = async (browser: Browser, url: string) => {
    const response = await browser.open(url);
    expect([...browser.cookies.keys()]).toEqual([]);
    return { status: response.status, ...((await response.json()) as object) };
  };

  test('with a state that this browser was not given', async () => {
    const [browser, other] = [new Browser(), new Browser()];
    const back = new URL(await browser.toProvider());
    // The answer of somebody else's sign-in, in this browser: it would be signed in as them.
    expect(await refused(browser, await other.toProvider())).toMatchObject({
      status: 401,
      code: 'console.openid-state',
    });
    // And its own answer once more: a sign-in ends once.
    expect(await refused(browser, back.href)).toMatchObject({ code: 'console.openid-state' });
    expect(issuer.given).toEqual([]);
  });

  test('with a cookie that was changed', async () => {
    const browser = new Browser();
    const back = await browser.toProvider();
    const cookie = browser.cookies.get('isthmus-sign-in')!;
    const bytes = Buffer.from(cookie.value, 'base64url');
    bytes[bytes.length - 1]! ^= 1;
    browser.cookies.set('isthmus-sign-in', { ...cookie, value: bytes.toString('base64url') });
    expect(await refused(browser, back)).toMatchObject({ code: 'console.openid-state' });
  });

  const now = Math.floor(Date.now() / 1000);
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['another nonce', { nonce: 'other' }, /nonce is not that of this sign-in/],
    ['no nonce', { nonce: undefined }, /nonce is not that of this sign-in/],
    ['a foreign audience', { aud: 'other' }, /it is for other, not for isthmus-console/],
    ['several audiences', { aud: ['isthmus-console', 'other'] }, /one of several audiences/],
    ['another party', { azp: 'other' }, /issued to other/],
    ['an end in the past', { exp: now - 1 }, /it has expired: 20/],
    ['no end', { exp: undefined }, /it has expired/],
    ['a begin to come', { nbf: now + 3600 }, /not valid yet/],
    ['another issuer', { iss: 'https://other.example' }, /issuer https:\/\/other.example/],
  ])('with an ID token of %s', async (_, claims, why) => {
    issuer.claims = claims;
    const browser = new Browser();
    const answer = await refused(browser, await browser.toProvider());
    expect(answer).toMatchObject({ status: 401, code: 'console.openid-token', why: expect.stringMatching(why) });
    expect(JSON.stringify(answer)).not.toContain(issuer.given[0]);
  });

  test.each(['RS256', 'ES256'] as const)('with a bad signature by %s', async (algorithm) => {
    Object.assign(issuer, { algorithm, signsByAnother: true });
    const browser = new Browser();
    expect(await refused(browser, await browser.toProvider())).toMatchObject({
      status: 401,
      code: 'console.openid-token',
      why: "its signature is not by the issuer's key",
    });
  });

  test.each([{ alg: 'none' }, { alg: 'HS256' }, { alg: 'constructor' }, { alg: 'RS256', kid: 'other' }])(
    'with an ID token that says it is signed by %o',
    async (header) => {
      const browser = new Browser();
      await browser.signIn();
      const { keys } = (await (await fetch(`${issuer.url}/keys`)).json()) as { keys: JsonWebKey[] };
      const [, claims, signature] = issuer.given[0]!.split('.');
      const token = [Buffer.from(JSON.stringify(header)).toString('base64url'), claims, signature].join('.');
      const expected = { issuer: issuer.url, clientId: issuer.clientId, nonce: '', keys };
      expect(() => checkIdToken(token, expected)).toThrow(/it is signed by|the issuer has no RSA key other/);
    },
  );

  test('by the provider, which says why', async () => {
    issuer.refuses = 'access_denied';
    const browser = new Browser();
    expect(await refused(browser, await browser.toProvider())).toMatchObject({ status: 401, why: 'access_denied' });
  });

  test('where no API server knows the issuer, with what to do', async () => {
    planted.west.tokens.has = () => false;
    const browser = new Browser();
    expect(await refused(browser, await browser.toProvider())).toMatchObject({
      status: 401,
      code: 'console.token-refused',
      fix: expect.stringContaining(`--oidc-issuer-url=${issuer.url} --oidc-client-id=isthmus-console`),
    });
  });

  test('by the form of a token', async () => {
    const body = new URLSearchParams({ token: 'good-token-of-west' });
    const answer = await new Browser().open(`${server.url}/api/authenticate`, { method: 'POST', body });
    expect(answer.status).toBe(400);
  });
});

describe('an identity provider that', () => {
  test('is down is told as such, to a browser as a page', async () => {
    const browser = new Browser();
    const back = await browser.toProvider();
    await issuer[Symbol.asyncDispose]();
    const answer = await browser.open(back);
    expect([answer.status, await answer.json()]).toMatchObject([
      502,
      { code: 'console.openid-issuer', where: issuer.url, why: expect.stringContaining('ECONNREFUSED') },
    ]);
    await server[Symbol.asyncDispose]();
    server = await start();
    const page = await new Browser({ accept: 'text/html,*/*' }).open(`${server.url}/api/auth/openid_redirect`);
    expect(page.status).toBe(502);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('the identity provider cannot be used');
  });

  test('calls itself otherwise is not used', async () => {
    await server[Symbol.asyncDispose]();
    server = await start({ issuer: `${issuer.url}/` });
    const answer = await new Browser().open(`${server.url}/api/auth/openid_redirect`);
    expect([answer.status, await answer.json()]).toMatchObject([502, { why: `it calls itself ${issuer.url}` }]);
  });

  test('is not named, or not by https, is refused at the start', async () => {
    await expect(start({ issuer: 'http://sso.example' })).rejects.toMatchObject({ code: 'console.openid' });
    const unnamed = startConsole({
      observer: planted.observer,
      auth: 'openid',
      port: 0,
      version: '1',
      pages: async () => ({ folder: '' }),
    });
    await expect(unnamed).rejects.toMatchObject({ code: 'console.openid' });
  });
});
