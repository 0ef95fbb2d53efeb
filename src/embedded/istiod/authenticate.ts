/** Who calls: by token, reviewed in the API of the cluster that the caller names, or by a certificate of the mesh. */
import { type KubeObject, kinds } from '../../kube/index.ts';
import type { Authenticate, PeerIdentity } from './model.ts';
import type { MeshRegistry } from './registry/index.ts';

const audience = 'istio-ca';

export function authenticator(registry: MeshRegistry): Authenticate {
  return async ({ metadata, peerCertificateUris }) => {
    const token = /^Bearer (.+)$/.exec(metadata.get('authorization') ?? '')?.[1];
    if (token) return byToken(registry, token, metadata.get('clusterid') ?? '');
    const [uri] = peerCertificateUris;
    const identity = uri && parseSpiffe(uri);
    if (identity) return identity;
    throw new Error('the call has neither a token nor a client certificate of the mesh');
  };
}

async function byToken(registry: MeshRegistry, token: string, clusterId: string): Promise<PeerIdentity> {
  const cluster = registry.registryOf(clusterId);
  if (!cluster) {
    const known = registry.registries().map((one) => one.id);
    throw new Error(
      `client claims to be in cluster "${clusterId}", but we only know about local cluster "${registry.local.id}" and remote clusters [${known.slice(1).join(' ')}]`,
    );
  }
  const review: KubeObject = await cluster.client.create<KubeObject>(kinds.TokenReview, {
    metadata: {},
    spec: { token, audiences: [audience] },
  });
  const status = review['status'] ?? {};
  if (!status.authenticated)
    throw new Error(`the token is not valid in cluster "${cluster.id}": ${status.error ?? 'not authenticated'}`);
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(status.user?.username ?? '');
  if (!account) throw new Error(`${status.user?.username} is no service account`);
  const { trustDomain } = registry.current().meshConfig;
  const [, namespace, serviceAccount] = account as unknown as [string, string, string];
  return { id: `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`, trustDomain, namespace, serviceAccount };
}

export function parseSpiffe(uri: string): PeerIdentity | undefined {
  const match = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(uri);
  if (!match) return undefined;
  const [, trustDomain, namespace, serviceAccount] = match as unknown as [string, string, string, string];
  return { id: uri, trustDomain, namespace, serviceAccount };
}
