/** Signing in by OpenID Connect: authorization code flow with PKCE (RFC 7636), state and nonce. What comes out of it is an ID token. */
import { createHash, randomBytes } from 'node:crypto';
import { HttpError } from '../http.ts';
import { checkIdToken } from './id-token.ts';
import { Issuer, refusedBy } from './issuer.ts';
import { Sealer } from './sealed.ts';

export interface OpenIdOptions {
  /** As the provider writes it, and as API servers have it in `--oidc-issuer-url`. */
  issuer: string;
  /** API servers have it in `--oidc-client-id`. */
  clientId: string;
  clientSecret?: string | undefined;
  /** `openid` is always among them. */
  scopes?: string[] | undefined;
}

/** What must be known again when the browser comes back. */
interface Begun {
  state: string;
  nonce: string;
  verifier: string;
  redirectUri: string;
  /** Path of the page to which the user wanted. */
  to: string;
  expires: number;
}

/** Seconds within which a sign-in must be done. */
export const signInWithin = 600;

const random = (): string => randomBytes(32).toString('base64url');

export class OpenId {
  readonly issuer: Issuer;
  readonly clientId: string;
  readonly #clientSecret: string | undefined;
  readonly #scopes: string;
  readonly #sealer = new Sealer<Begun>();

  /** @throws IsthmusError `console.openid` */
  constructor({ issuer, clientId, clientSecret, scopes = ['openid', 'profile', 'email'] }: OpenIdOptions) {
    this.issuer = new Issuer(issuer);
    this.clientId = clientId;
    this.#clientSecret = clientSecret;
    this.#scopes = [...new Set(['openid', ...scopes])].join(' ');
  }

  /**
   * Where to send the browser, and what it has to keep until it is back.
   * @param to a path of the console; anything else becomes its first page
   * @throws HttpError 502 `console.openid-issuer`
   */
  async begin(redirectUri: string, to: string): Promise<{ location: string; kept: string }> {
    const { authorization } = await this.issuer.endpoints();
    const [state, nonce, verifier] = [random(), random(), random()];
    const location = new URL(authorization);
    const parameters = {
      response_type: 'code',
      client_id: this.clientId,
      redirect_uri: redirectUri,
      scope: this.#scopes,
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value);
    const expires = Date.now() + signInWithin * 1000;
    const kept = this.#sealer.seal({ state, nonce, verifier, redirectUri, to: ownPath(to), expires });
    return { location: location.href, kept };
  }

  /**
   * @param query what the provider says by the browser
   * @param kept what `begin` gave to that browser
   * @returns the checked ID token, its end in seconds since 1970, and the page to go on with
   * @throws HttpError 401 `console.openid-state`, `console.openid-refused`, `console.openid-token`; 502 `console.openid-issuer`
   */
  async finish(
    query: URLSearchParams,
    kept: string | undefined,
  ): Promise<{ idToken: string; expires: number; to: string }> {
    const begun = kept ? this.#sealer.open(kept) : undefined;
    if (!begun || query.get('state') !== begun.state)
      throw new HttpError(401, {
        code: 'console.openid-state',
        what: 'this is not the end of a sign-in that this browser began',
        why: `it took longer than ${signInWithin / 60} minutes, was begun anew in another tab, or its cookie is missing`,
        fix: 'sign in again',
      });
    const { url } = this.issuer;
    // RFC 9207: an answer that another provider was made to give.
    if (query.has('iss') && query.get('iss') !== url)
      throw refusedBy(url, { error: `the answer is of ${query.get('iss')}` });
    const code = query.get('code');
    if (!code) throw refusedBy(url, { error: query.get('error'), error_description: query.get('error_description') });
    const { nonce, verifier, redirectUri, to } = begun;
    const { clientId } = this;
    const idToken = await this.issuer.exchange({
      code,
      verifier,
      redirectUri,
      clientId,
      clientSecret: this.#clientSecret,
    });
    const keys = await this.issuer.keys();
    return { idToken, ...checkIdToken(idToken, { issuer: url, clientId, nonce, keys }), to };
  }
}

/** Nobody is led to another site after signing in. */
function ownPath(to: string): string {
  const base = 'http://console';
  if (!to.startsWith('/') || !URL.canParse(to, base)) return '/';
  const { origin, pathname, search } = new URL(to, base);
  return origin === base && !pathname.startsWith('//') ? pathname + search : '/';
}
