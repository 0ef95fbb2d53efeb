/** A token by which one cluster is read from another, and the kubeconfig that carries it. */
import { stringify } from 'yaml';
import { kinds, type Secret } from '../../kube/index.ts';
import { type DesiredObject, type PartContext, systemNamespace } from '../part.ts';

export interface RemoteToken {
  /** Name of its Secret. A rotated one has the time of its making behind it. */
  secret: string;
  /** The account whose token it is. */
  account: string;
}

export const newTokenName = ({ secret }: RemoteToken, now: Date): string =>
  `${secret}-${now.toISOString().replace(/\D/g, '').slice(0, 14)}`;

/** @param name the token's own, or that of a rotated one */
export const tokenObject = ({ account }: RemoteToken, name: string): DesiredObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/service-account-token',
  metadata: { name, namespace: systemNamespace, annotations: { 'kubernetes.io/service-account.name': account } },
});

/** The newest token's Secret: names that end in a later time are later in the alphabet too. */
export async function currentToken({ client }: Pick<PartContext, 'client'>, { secret }: RemoteToken): Promise<string> {
  const { items } = await client.list<Secret>(kinds.Secret, { namespace: systemNamespace });
  const names = items.map((one) => one.metadata.name ?? '').filter((name) => name.startsWith(secret));
  return names.sort().at(-1) ?? secret;
}

/** Waits for the token controller. @returns the Secret with `token` and `ca.crt` */
export async function filledToken(context: PartContext, token: RemoteToken): Promise<Secret> {
  const name = await currentToken(context, token);
  return context.wait.for<Secret>({
    client: context.client,
    kind: kinds.Secret,
    name,
    namespace: systemNamespace,
    assumed: (text) => {
      const encoded = Buffer.from(text).toString('base64');
      return { metadata: { name, namespace: systemNamespace }, data: { token: encoded, 'ca.crt': encoded } };
    },
    judge: (found) =>
      !found || (found.data?.['token'] && found.data['ca.crt'])
        ? undefined
        : { why: 'it holds no token', ends: "the cluster's token controller fills it" },
  });
}

/**
 * Kubeconfig of the context's cluster, with one cluster, one user and one context, all named as Istio names the cluster. The address is the
 * one by which pods of other clusters reach its API server: never 127.0.0.1.
 * @returns base64, as a Secret's data
 */
export function remoteKubeconfig({ cluster: { name }, targetOf }: PartContext, { data = {} }: Secret): string {
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    clusters: [
      { name, cluster: { 'certificate-authority-data': data['ca.crt'], server: targetOf(name).internalServer } },
    ],
    users: [{ name, user: { token: Buffer.from(data['token'] ?? '', 'base64').toString('utf8') } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  return Buffer.from(stringify(kubeconfig)).toString('base64');
}
