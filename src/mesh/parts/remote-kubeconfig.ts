/** A token by which one cluster is read from another, and the kubeconfig that carries it. */
import { stringify } from 'yaml';
import { kinds, type Secret } from '../../kube/index.ts';
import type { PartContext } from '../part.ts';

/** Waits for the token controller. @returns the Secret with `token` and `ca.crt` */
export function filledTokenOf(context: PartContext, name: string, namespace: string): Promise<Secret> {
  return context.wait.for<Secret>({
    client: context.client,
    kind: kinds.Secret,
    name,
    namespace,
    assumed: (text) => {
      const encoded = Buffer.from(text).toString('base64');
      return { metadata: { name, namespace }, data: { token: encoded, 'ca.crt': encoded } };
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
