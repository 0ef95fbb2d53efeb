/**
 * The certified OpenID provider of the npm package `oidc-provider`, on loopback: somebody else's reading of the standard, so that ours is not only
 * tried against itself. Its own pages for development ask for a name and for consent.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export interface CertifiedProvider extends AsyncDisposable {
  url: string;
  /** Begins to answer, when it is known where the client is sent back to. */
  serve(client: { id: string; secret?: string; redirectUri: string }): void;
  /** ID tokens that were given. */
  given: string[];
}

export async function startCertifiedProvider(): Promise<CertifiedProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const given: string[] = [];
  return {
    url,
    given,
    serve({ id, secret, redirectUri }) {
      const provider = new Provider(url, {
        clients: [
          {
            client_id: id,
            ...(secret ? { client_secret: secret } : {}),
            token_endpoint_auth_method: secret ? 'client_secret_basic' : 'none',
            redirect_uris: [redirectUri],
            grant_types: ['authorization_code'],
            response_types: ['code'],
          },
        ],
        claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
        // Named, so that it does not say that they are its own.
        ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
        pkce: { required: () => true },
        findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub, email: `${sub}@example.com` }) }),
      });
      provider.use(async (context, next) => {
        await next();
        const { id_token: token } = (context.body ?? {}) as { id_token?: string };
        if (token) given.push(token);
      });
      server.on('request', provider.callback());
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
