/** Remote secrets, taken apart. Tokens stay inside: only what is wrong with them is said. */
import { parse } from 'yaml';
import { kinds, type Secret } from '../kube/index.ts';
import type { ClusterView, Patient } from './patient.ts';

export interface RemoteSecret {
  primary: ClusterView;
  secret: Secret;
  /** The key, which istiod takes for the cluster's ID. */
  id: string;
  /** Why its kubeconfig cannot be read. */
  fault?: string;
  server?: string;
  token?: string;
}

/** Every key of every Secret that istiod reads. */
export const remoteSecrets = ({ primaries, system }: Patient): Promise<RemoteSecret[]> =>
  secretsIn(primaries, 'istio/multiCluster', system);

/** The same of Kiali's, wherever it stands: `primary` is its home. */
export const kialiSecrets = ({ clusters, outside }: Patient): Promise<RemoteSecret[]> =>
  secretsIn([...clusters, ...outside], 'kiali.io/multiCluster');

async function secretsIn(homes: ClusterView[], label: string, namespace?: string): Promise<RemoteSecret[]> {
  const found = await Promise.all(
    homes.map(async (primary) => {
      const secrets = await primary.list<Secret>(kinds.Secret, namespace);
      return secrets
        .filter((one) => one.metadata.labels?.[label] === 'true')
        .flatMap((secret) =>
          Object.entries(secret.data ?? {}).map(([id, data]): RemoteSecret => ({ primary, secret, id, ...read(data) })),
        );
    }),
  );
  return found.flat();
}

function read(encoded: string): Pick<RemoteSecret, 'fault' | 'server' | 'token'> {
  try {
    const config = parse(Buffer.from(encoded, 'base64').toString('utf8'));
    const user = config.users?.[0]?.user ?? {};
    const server = String(config.clusters?.[0]?.cluster?.server ?? '');
    if (server === '') return { fault: 'it names no server' };
    if (user.exec || user['auth-provider'])
      return { server, fault: 'it uses a credential plugin, which istiod refuses' };
    if (user.token) return { server, token: String(user.token) };
    return user['client-certificate-data'] ? { server } : { server, fault: 'it has neither a token nor a certificate' };
  } catch (error) {
    // The message of a parser may quote what it read.
    return { fault: `it cannot be read (${(error as Error)?.name ?? 'error'})` };
  }
}
