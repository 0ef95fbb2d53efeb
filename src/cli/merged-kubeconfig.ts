import type { ProvidedCluster } from '../providers/index.ts';

/**
 * One kubeconfig for all clusters, wherever they come from; contexts, clusters and users are named like the clusters and the first is
 * current. A token that a credential plugin gives is written as it is now, and ends when the plugin says.
 */
export async function mergedKubeconfig(clusters: ProvidedCluster[]): Promise<string> {
  const { stringify } = await import('yaml');
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  const users = await Promise.all(
    clusters.map(async ({ name, connection }) => {
      const token = typeof connection.token === 'function' ? await connection.token() : connection.token;
      return {
        name,
        user: {
          ...(connection.clientCert ? { 'client-certificate-data': base64(connection.clientCert) } : {}),
          ...(connection.clientKey ? { 'client-key-data': base64(connection.clientKey) } : {}),
          ...(token ? { token } : {}),
        },
      };
    }),
  );
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': clusters[0]?.name ?? '',
    preferences: {},
    clusters: clusters.map(({ name, connection }) => ({
      name,
      cluster: {
        server: connection.server,
        ...(connection.ca ? { 'certificate-authority-data': base64(connection.ca) } : {}),
        ...(connection.insecureSkipVerify ? { 'insecure-skip-tls-verify': true } : {}),
        ...(connection.tlsServerName ? { 'tls-server-name': connection.tlsServerName } : {}),
      },
    })),
    users,
    contexts: clusters.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
  });
}
