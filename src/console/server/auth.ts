/** Signing in: anonymous on loopback, or by a token that at least one of the clusters knows. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type KubeObject, kinds } from '../../kube/index.ts';
import type { Observer } from '../../observe/index.ts';
import type { AuthInfo, SessionInfo } from '../api.ts';
import { HttpError } from './http.ts';
import { localViewer, TokenViewer, type Viewer } from './viewer.ts';

export type AuthStrategy = 'anonymous' | 'token';

interface Session {
  viewer: TokenViewer;
  expires: number;
}

const sessionMs = 8 * 3600_000;
/** What a TokenReview said holds this long; a token that is revoked is out after it. */
const reviewedMs = 60_000;
const cookieName = 'isthmus-session';
const mostSessions = 1000;

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
        fix: 'sign in with a token, as from: kubectl create token ACCOUNT',
      });
    await session.viewer.prepare();
    return session.viewer;
  }

  /** Begins a session. @throws HttpError 401 where no cluster knows the token. */
  async signIn(token: string, response: ServerResponse, isSecure: boolean): Promise<SessionInfo> {
    const session = await this.#bearerSession(token);
    if (!session)
      throw new HttpError(401, {
        code: 'console.token-refused',
        fault: 'user',
        what: 'no cluster knows this token',
        why: 'it may have expired, or be of a cluster that is not in the kubeconfig',
      });
    const id = randomBytes(32).toString('base64url');
    if (this.#sessions.size >= mostSessions) this.#sessions.delete(this.#sessions.keys().next().value!);
    const expires = Date.now() + sessionMs;
    this.#sessions.set(id, { ...session, token, expires });
    response.setHeader(
      'set-cookie',
      `${cookieName}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${sessionMs / 1000}${isSecure ? '; Secure' : ''}`,
    );
    return { username: session.viewer.username, expiresOn: new Date(expires).toISOString() };
  }

  signOut(request: IncomingMessage, response: ServerResponse): void {
    const id = cookieOf(request);
    if (id) this.#sessions.delete(id);
    response.setHeader('set-cookie', `${cookieName}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`);
  }

  async info(request: IncomingMessage): Promise<AuthInfo> {
    const viewer = await this.viewerOf(request).catch(() => undefined);
    return { strategy: this.strategy, ...(viewer ? { sessionInfo: { username: viewer.username } } : {}) };
  }

  async close(): Promise<void> {
    const sessions = [...this.#sessions.values(), ...this.#bearers.values()];
    await Promise.all(sessions.map((one) => one.viewer.close()));
  }

  async #cookieSession(request: IncomingMessage): Promise<Session | undefined> {
    const id = cookieOf(request);
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
    const asked = this.#observer.clusters.map(async (cluster) => {
      const review = await cluster.client.create<KubeObject>(kinds.TokenReview, { metadata: {}, spec: { token } });
      const { authenticated, user } = review['status'] ?? {};
      if (authenticated !== true) throw new Error('not known');
      return String(user?.username ?? 'unknown');
    });
    return Promise.any(asked).catch(() => undefined);
  }
}

function cookieOf(request: IncomingMessage): string | undefined {
  const cookies = (request.headers.cookie ?? '').split(';').map((one) => one.trim());
  return cookies.find((one) => one.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1) || undefined;
}
