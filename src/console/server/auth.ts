/** Signing in: anonymous on loopback, or by a token that at least one of the clusters knows, be it of an identity provider. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type KubeObject, kinds } from '../../kube/index.ts';
import type { ClusterModel, Observer } from '../../observe/index.ts';
import type { AuthInfo, SessionInfo } from '../api.ts';
import { cookieOf, isSecure, setCookie } from './cookies.ts';
import { badRequest, HttpError } from './http.ts';
import { localViewer, TokenViewer, type Viewer } from './viewer.ts';

export type AuthStrategy = AuthInfo['strategy'];

interface Session {
  viewer: TokenViewer;
  expires: number;
}

const sessionMs = 8 * 3600_000;
/** What a TokenReview said holds this long; a token that is revoked is out after it. */
const reviewedMs = 60_000;
const cookieName = 'isthmus-session';
const mostSessions = 1000;
export const authorizationEndpoint = '/api/auth/openid_redirect';

export interface SignInOptions {
  /** The token's end, in milliseconds since 1970; a session is not longer. */
  until?: number;
  /** What to do where no cluster knows the token. */
  fix?: string;
}

export class Authenticator {
  readonly strategy: AuthStrategy;
  readonly #observer: Observer;
  readonly #sessions = new Map<string, Session & { token: string }>();
  readonly #bearers = new Map<string, Session>();

  constructor(observer: Observer, strategy: AuthStrategy) {
    this.#observer = observer;
    this.strategy = strategy;
  }

  /** @throws HttpError 401 */
  async viewerOf(request: IncomingMessage): Promise<Viewer> {
    if (this.strategy === 'anonymous') return localViewer;
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const session = bearer ? await this.#bearerSession(bearer) : await this.#cookieSession(request);
    if (!session)
      throw new HttpError(401, {
        code: 'console.unauthenticated',
        fault: 'user',
        what: 'signing in is needed',
        fix:
          this.strategy === 'openid'
            ? `open ${authorizationEndpoint} in a browser, or send a token that one of the clusters knows as a bearer`
            : 'sign in with a token, as from: kubectl create token ACCOUNT',
      });
    await session.viewer.prepare();
    return session.viewer;
  }

  /** For the form of a token, which belongs to that strategy. @throws HttpError 400, 401 */
  signInByForm(token: string, request: IncomingMessage, response: ServerResponse): Promise<SessionInfo> {
    if (this.strategy === 'openid')
      throw badRequest('signing in is by OpenID Connect here', `open ${authorizationEndpoint} in a browser`);
    return this.signIn(token, request, response);
  }

  /** Begins a session. @throws HttpError 401 where no cluster knows the token. */
  async signIn(
    token: string,
    request: IncomingMessage,
    response: ServerResponse,
    { until = Number.POSITIVE_INFINITY, fix }: SignInOptions = {},
  ): Promise<SessionInfo> {
    const session = await this.#bearerSession(token);
    if (!session)
      throw new HttpError(401, {
        code: 'console.token-refused',
        fault: 'user',
        what: 'no cluster knows this token',
        why: 'it may have expired, or be of a cluster that is not in the kubeconfig',
        ...(fix ? { fix } : {}),
      });
    const id = randomBytes(32).toString('base64url');
    if (this.#sessions.size >= mostSessions) this.#sessions.delete(this.#sessions.keys().next().value!);
    const expires = Math.min(Date.now() + sessionMs, until);
    this.#sessions.set(id, { ...session, token, expires });
    keepSession(request, response, id, (expires - Date.now()) / 1000);
    return { username: session.viewer.username, expiresOn: new Date(expires).toISOString() };
  }

  signOut(request: IncomingMessage, response: ServerResponse): void {
    const id = cookieOf(request, cookieName);
    if (id) this.#sessions.delete(id);
    keepSession(request, response, '', 0);
  }

  async info(request: IncomingMessage): Promise<AuthInfo> {
    const viewer = await this.viewerOf(request).catch(() => undefined);
    return {
      strategy: this.strategy,
      ...(viewer ? { sessionInfo: { username: viewer.username } } : {}),
      ...(this.strategy === 'openid' ? { authorizationEndpoint } : {}),
    };
  }

  async close(): Promise<void> {
    const sessions = [...this.#sessions.values(), ...this.#bearers.values()];
    await Promise.all(sessions.map((one) => one.viewer.close()));
  }

  async #cookieSession(request: IncomingMessage): Promise<Session | undefined> {
    const id = cookieOf(request, cookieName);
    const session = id ? this.#sessions.get(id) : undefined;
    if (!id || !session) return undefined;
    // The token itself is asked about again and again, so that one that was revoked is out.
    const known = session.expires > Date.now() ? await this.#bearerSession(session.token) : undefined;
    if (!known) this.#sessions.delete(id);
    return known;
  }

  async #bearerSession(token: string): Promise<Session | undefined> {
    const known = this.#bearers.get(token);
    if (known && known.expires > Date.now()) return known;
    const username = await this.#review(token);
    if (!username) {
      this.#bearers.delete(token);
      await known?.viewer.close();
      return undefined;
    }
    const viewer = known?.viewer ?? new TokenViewer(this.#observer, token, username);
    const session = { viewer, expires: Date.now() + reviewedMs };
    if (this.#bearers.size >= mostSessions) this.#bearers.delete(this.#bearers.keys().next().value!);
    this.#bearers.set(token, session);
    return session;
  }

  /** The name that the first cluster which knows the token gives to its bearer. */
  async #review(token: string): Promise<string | undefined> {
    const asked = this.#observer.clusters.filter(isTrusted).map(async (cluster) => {
      const review = await cluster.client.create<KubeObject>(kinds.TokenReview, { metadata: {}, spec: { token } });
      const { authenticated, user } = review['status'] ?? {};
      if (authenticated !== true) throw new Error('not known');
      return String(user?.username ?? 'unknown');
    });
    return Promise.any(asked).catch(() => undefined);
  }
}

/** Tokens are shown to clusters of the kubeconfig only, not to whoever a remote secret names. */
const isTrusted = ({ origin }: ClusterModel): boolean => origin.type === 'kubeconfig';

/** @param maxAge seconds */
function keepSession(request: IncomingMessage, response: ServerResponse, id: string, maxAge: number): void {
  setCookie(response, cookieName, id, { sameSite: 'Strict', path: '/', maxAge, isSecure: isSecure(request) });
}
