/** The way to the identity provider and back; the browser comes by navigation, so that faults are told as a page. */
import { type Authenticator, authorizationEndpoint } from '../auth.ts';
import type { Asked } from '../context.ts';
import { cookieOf, isSecure, setCookie } from '../cookies.ts';
import { answered, badRequest } from '../http.ts';
import { type OpenId, signInWithin } from '../openid/index.ts';
import type { AddRoute } from '../routes.ts';
import { sendFaultPage } from '../static-files.ts';

const cookieName = 'isthmus-sign-in';
const callbackPath = '/api/auth/callback';

export function addOpenId(add: AddRoute, auth: Authenticator, openId: OpenId): void {
  add(
    'GET',
    authorizationEndpoint,
    { summary: 'leads to the identity provider', query: 'signIn', isOpen: true, isRedirect: true },
    withFaultPage(async ({ raw, response, query }) => {
      const { host } = raw.headers;
      if (!host) throw badRequest('the request has no Host');
      const scheme = isSecure(raw) ? 'https' : 'http';
      const { location, kept } = await openId.begin(`${scheme}://${host}${callbackPath}`, query.get('page') ?? '/');
      keep(raw, response, kept, signInWithin);
      redirect(response, location);
    }),
  );
  add(
    'GET',
    callbackPath,
    { summary: 'where the identity provider leads back to', query: 'callback', isOpen: true, isRedirect: true },
    withFaultPage(async ({ raw, response, query }) => {
      // A sign-in ends once, well or not.
      keep(raw, response, '', 0);
      const { idToken, expires, to } = await openId.finish(query, cookieOf(raw, cookieName));
      await auth.signIn(idToken, raw, response, {
        until: expires * 1000,
        fix: `let the API servers know the issuer: --oidc-issuer-url=${openId.issuer.url} --oidc-client-id=${openId.clientId}, or an AuthenticationConfiguration`,
      });
      redirect(response, to);
    }),
  );
}

/** Lax: the provider's redirect is a navigation from another site, with which a Strict cookie would not come. */
function keep(raw: Asked['raw'], response: Asked['response'], value: string, maxAge: number): void {
  setCookie(response, cookieName, value, { sameSite: 'Lax', path: '/api/auth', maxAge, isSecure: isSecure(raw) });
}

function redirect(response: Asked['response'], location: string): void {
  response.writeHead(302, { location, 'cache-control': 'no-store' }).end();
}

function withFaultPage(handler: (asked: Asked) => Promise<void>): (asked: Asked) => Promise<unknown> {
  return async (asked) => {
    try {
      await handler(asked);
    } catch (error) {
      if (!(asked.raw.headers.accept ?? '').includes('text/html')) throw error;
      sendFaultPage(asked.response, error);
    }
    return answered;
  };
}
