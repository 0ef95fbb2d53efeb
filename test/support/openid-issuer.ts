/** A small identity provider on loopback: discovery, an /authorize that says yes, a /token that holds clients to their word (PKCE, secret), keys. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Algorithm = 'RS256' | 'ES256';

export interface OpenIdIssuer extends AsyncDisposable {
  url: string;
  clientId: string;
  clientSecret: string | undefined;
  algorithm: Algorithm;
  /** Changes the claims of the next ID tokens. */
  claims: Record<string, unknown>;
  /** Signs by a key that it does not publish. */
  signsByAnother: boolean;
  /** Answers /authorize by this error. */
  refuses: string | undefined;
  /** ID tokens that were given, oldest first. */
  given: string[];
  /** How the client named itself at /token. */
  clientAuthentication: string[];
}

interface Asked {
  challenge: string;
  redirectUri: string;
  nonce: string;
  scope: string;
}

const newKey = (algorithm: Algorithm) =>
  algorithm === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });

export async function startIssuer(): Promise<OpenIdIssuer> {
  const keys = { RS256: newKey('RS256'), ES256: newKey('ES256') };
  const strangers = { RS256: newKey('RS256'), ES256: newKey('ES256') };
  const codes = new Map<string, Asked>();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer: OpenIdIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clientId: 'isthmus-console',
    clientSecret: undefined,
    algorithm: 'RS256',
    claims: {},
    signsByAnother: false,
    refuses: undefined,
    given: [],
    clientAuthentication: ['client_secret_basic'],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', issuer.url);
    if (pathname === '/.well-known/openid-configuration')
      return json(response, 200, {
        issuer: issuer.url,
        authorization_endpoint: `${issuer.url}/authorize`,
        token_endpoint: `${issuer.url}/token`,
        jwks_uri: `${issuer.url}/keys`,
        token_endpoint_auth_methods_supported: issuer.clientAuthentication,
      });
    if (pathname === '/keys')
      return json(response, 200, {
        keys: Object.entries(keys).map(([kid, one]) => ({
          ...one.publicKey.export({ format: 'jwk' }),
          kid,
          use: 'sig',
        })),
      });
    if (pathname === '/authorize') return authorize(searchParams, response);
    if (pathname === '/token') return exchange(request, response);
    return json(response, 404, {});
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    const value = (name: string): string => query.get(name) ?? '';
    if (value('response_type') !== 'code' || value('client_id') !== issuer.clientId)
      return json(response, 400, { error: 'invalid_request' });
    const back = new URL(value('redirect_uri'));
    back.searchParams.set('state', value('state'));
    if (issuer.refuses) back.searchParams.set('error', issuer.refuses);
    else {
      const code = randomBytes(8).toString('hex');
      codes.set(code, {
        challenge: value('code_challenge_method') === 'S256' ? value('code_challenge') : '',
        redirectUri: value('redirect_uri'),
        nonce: value('nonce'),
        scope: value('scope'),
      });
      back.searchParams.set('code', code);
    }
    response.writeHead(302, { location: back.href }).end();
  }

  async function exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const form = new URLSearchParams(text);
    const asked = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    if (!isClient(request, form)) return json(response, 401, { error: 'invalid_client' });
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!asked || asked.challenge !== challenge || asked.redirectUri !== form.get('redirect_uri'))
      return json(response, 400, { error: 'invalid_grant', error_description: 'the code is not good' });
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer.url,
      sub: 'ada',
      aud: issuer.clientId,
      iat: now,
      exp: now + 300,
      nonce: asked.nonce,
      scope: asked.scope,
      ...issuer.claims,
    };
    const { algorithm } = issuer;
    const { privateKey } = (issuer.signsByAnother ? strangers : keys)[algorithm];
    const idToken = signed(claims, algorithm, privateKey);
    issuer.given.push(idToken);
    json(response, 200, { access_token: 'opaque', token_type: 'Bearer', id_token: idToken });
  }

  function isClient({ headers }: IncomingMessage, form: URLSearchParams): boolean {
    const { clientId, clientSecret } = issuer;
    if (clientSecret === undefined) return form.get('client_id') === clientId;
    if (issuer.clientAuthentication.includes('client_secret_basic')) {
      const [, basic = ''] = /^Basic (\S+)$/.exec(headers.authorization ?? '') ?? [];
      const named = Buffer.from(basic, 'base64').toString().split(':').map(formDecoded);
      return named.length === 2 && named[0] === clientId && named[1] === clientSecret;
    }
    return form.get('client_id') === clientId && form.get('client_secret') === clientSecret;
  }

  return issuer;
}

const formDecoded = (text: string): string => [...new URLSearchParams(`=${text}`)][0]?.[1] ?? '';

function signed(claims: object, alg: Algorithm, key: KeyObject): string {
  const text = [{ alg, kid: alg, typ: 'JWT' }, claims]
    .map((one) => Buffer.from(JSON.stringify(one)).toString('base64url'))
    .join('.');
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
