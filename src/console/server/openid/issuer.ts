/** The identity provider: where its endpoints are (OpenID Connect Discovery), its keys, and the exchange of a code for an ID token. */
import type { JsonWebKey } from 'node:crypto';
import { IsthmusError, messageOf } from '../../../errors/index.ts';
import { HttpError } from '../http.ts';

export interface Endpoints {
  authorization: string;
  token: string;
  keys: string;
  /** By which the token endpoint knows its clients; without it only client_secret_basic. */
  clientAuthentication: string[];
}

export interface CodeExchange {
  code: string;
  verifier: string;
  redirectUri: string;
  clientId: string;
  clientSecret?: string | undefined;
}

const answerWithinMs = 5000;
const keptMs = 5 * 60_000;

export class Issuer {
  readonly url: string;
  #known: { at: number; endpoints: Endpoints } | undefined;

  /** @throws IsthmusError `console.openid` for an address that is neither https nor on this machine */
  constructor(url: string) {
    if (!isTrustworthy(url))
      throw new IsthmusError({
        code: 'console.openid',
        fault: 'user',
        what: `--oidc-issuer ${url} is no https address`,
        why: 'whoever is on the way could sign in as anybody; plain http is accepted on loopback only',
      });
    this.url = url;
  }

  /** @throws HttpError 502 `console.openid-issuer` */
  async endpoints(): Promise<Endpoints> {
    if (this.#known && Date.now() - this.#known.at < keptMs) return this.#known.endpoints;
    const place = `${this.url.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const found = await this.#json(place);
    if (found.issuer !== this.url)
      throw this.#fault(`it calls itself ${found.issuer}`, 'give --oidc-issuer just as the provider writes it');
    const endpoint = (name: string): string => {
      if (!isTrustworthy(found[name])) throw this.#fault(`its ${name} is ${found[name] ?? 'missing'}`);
      return found[name];
    };
    const methods = found.token_endpoint_auth_methods_supported;
    const endpoints = {
      authorization: endpoint('authorization_endpoint'),
      token: endpoint('token_endpoint'),
      keys: endpoint('jwks_uri'),
      clientAuthentication: Array.isArray(methods) ? methods : ['client_secret_basic'],
    };
    this.#known = { at: Date.now(), endpoints };
    return endpoints;
  }

  /** Asked at each sign-in, so that new keys are known at once. @throws HttpError 502 `console.openid-issuer` */
  async keys(): Promise<JsonWebKey[]> {
    const { keys } = await this.#json((await this.endpoints()).keys);
    if (!Array.isArray(keys)) throw this.#fault('its jwks_uri names no keys');
    return keys;
  }

  /** @returns the ID token. @throws HttpError 502 `console.openid-issuer`, 401 `console.openid-refused` */
  async exchange({ code, verifier, redirectUri, clientId, clientSecret }: CodeExchange): Promise<string> {
    const { token, clientAuthentication } = await this.endpoints();
    const isBasic = clientSecret !== undefined && clientAuthentication.includes('client_secret_basic');
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...(isBasic ? {} : { client_id: clientId }),
      ...(clientSecret !== undefined && !isBasic ? { client_secret: clientSecret } : {}),
    });
    const basic = Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret ?? '')}`).toString('base64');
    const { ok, body } = await this.#ask(token, {
      method: 'POST',
      body: form,
      ...(isBasic ? { headers: { authorization: `Basic ${basic}` } } : {}),
    });
    if (!ok) throw refusedBy(this.url, body);
    if (typeof body?.id_token !== 'string')
      throw this.#fault('it gave no ID token for the code', 'the scope openid must be permitted to this client');
    return body.id_token;
  }

  async #json(url: string): Promise<any> {
    const { ok, status, body } = await this.#ask(url);
    if (!ok || typeof body !== 'object' || body === null)
      throw this.#fault(`${url} answers ${status} and no JSON object`);
    return body;
  }

  async #ask(url: string, init: RequestInit = {}): Promise<{ ok: boolean; status: number; body: any }> {
    try {
      const headers = { accept: 'application/json', ...init.headers };
      // A redirect could lead to an address that is not trustworthy.
      const signal = AbortSignal.timeout(answerWithinMs);
      const response = await fetch(url, { ...init, headers, redirect: 'error', signal });
      const text = await response.text();
      return { ok: response.ok, status: response.status, body: parsed(text) };
    } catch (error) {
      const { cause } = error as Error;
      throw this.#fault(
        `no answer of ${url}: ${messageOf(cause ?? error)}`,
        'see that the address is right and reachable from here; a CA of your own is named by NODE_EXTRA_CA_CERTS',
      );
    }
  }

  #fault(why: string, fix?: string): HttpError {
    const what = 'the identity provider cannot be used';
    return new HttpError(502, { code: 'console.openid-issuer', what, where: this.url, why, ...(fix ? { fix } : {}) });
  }
}

/** The provider's own words: `error` and `error_description` of OAuth 2.0. */
export function refusedBy(
  issuer: string,
  said: { error?: unknown; error_description?: unknown } | undefined,
): HttpError {
  const words = [said?.error, said?.error_description].filter((one) => typeof one === 'string');
  return new HttpError(401, {
    code: 'console.openid-refused',
    what: 'the identity provider refuses the sign-in',
    where: issuer,
    why: words.join(': ').slice(0, 500) || 'it does not say why',
  });
}

function isTrustworthy(url: unknown): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname));
}

/** RFC 6749, 2.3.1: both are form-encoded before they are joined. */
const formEncoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
