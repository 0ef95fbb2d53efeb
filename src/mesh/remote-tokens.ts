/** What can be said of the tokens in remote secrets without showing them. */
import { parse } from 'yaml';
import { type KubeClient, kinds, type Secret } from '../kube/index.ts';
import { systemNamespace } from './part.ts';

export interface RemoteToken {
  /** The cluster that is read. */
  cluster: string;
  /** The primary whose istiod reads it. */
  reader: string;
  /** Undefined for one that does not expire. */
  notAfter: Date | undefined;
  /** Why nothing can be said. */
  problem?: string;
}

/** Those that a primary holds. */
export async function remoteTokens(client: KubeClient): Promise<RemoteToken[]> {
  const { items } = await client.list<Secret>(kinds.Secret, {
    namespace: systemNamespace,
    labelSelector: 'istio/multiCluster=true',
  });
  return items.flatMap((secret) =>
    Object.entries(secret.data ?? {}).map(([cluster, encoded]) => ({
      cluster,
      reader: client.name,
      ...endOf(Buffer.from(encoded, 'base64').toString('utf8')),
    })),
  );
}

/** The `exp` of a kubeconfig's token, which is a JSON web token. */
export function endOf(kubeconfig: string): Pick<RemoteToken, 'notAfter' | 'problem'> {
  try {
    const { token } = parse(kubeconfig).users[0].user;
    const claims = JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString('utf8'));
    return { notAfter: claims.exp === undefined ? undefined : new Date(claims.exp * 1000) };
  } catch {
    // A parser's message may quote what it read.
    return { notAfter: undefined, problem: 'its token cannot be read' };
  }
}
