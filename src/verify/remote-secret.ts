/** The Secret by which a primary's istiod reads another cluster, judged from outside of istiod. */
import { parse } from 'yaml';
import { messageOf } from '../errors/index.ts';
import { type KubeObject, kinds, type Secret } from '../kube/index.ts';
import { remoteSecretName, systemNamespace } from '../mesh/index.ts';
import type { MeshCluster } from '../spec/index.ts';
import type { Cause, VerifyContext } from './fact.ts';

const loopback = /^https?:\/\/(localhost|127\.|\[::1\])/;

/** What is wrong with the secret for a cluster in a primary, or undefined. Nothing of its token is shown. */
export async function remoteSecretFault(
  context: VerifyContext,
  reader: string,
  remote: MeshCluster,
): Promise<Cause | undefined> {
  const name = remoteSecretName(remote.name);
  const place = `Secret ${systemNamespace}/${name} of ${reader}`;
  const secret = await context.client(reader).find<Secret>(kinds.Secret, name, systemNamespace);
  if (!secret) return { why: `${place} is missing`, fix: 'isthmus up' };
  if (secret.metadata.labels?.['istio/multiCluster'] !== 'true')
    return { why: `${place} lacks the label istio/multiCluster=true, by which istiod finds it`, fix: 'isthmus up' };
  const text = secret.data?.[remote.name];
  if (!text)
    return {
      why: `${place} has no key ${remote.name}: its keys, which istiod takes for names of clusters, are ${Object.keys(secret.data ?? {}).join(', ') || 'none'}`,
      fix: 'isthmus up',
    };
  const kubeconfig = readKubeconfig(text);
  if ('why' in kubeconfig) return { why: `${place}: ${kubeconfig.why}`, fix: 'isthmus up' };
  if (loopback.test(kubeconfig.server))
    return {
      why: `${place} leads to ${kubeconfig.server}, which is istiod's own pod and not the API server of ${remote.name}`,
      fix: 'isthmus up',
    };
  return tokenFault(context, reader, remote, kubeconfig.token, place);
}

function readKubeconfig(encoded: string): { server: string; token: string } | { why: string } {
  try {
    const { clusters, users } = parse(Buffer.from(encoded, 'base64').toString('utf8'));
    return { server: String(clusters[0].cluster.server), token: String(users[0].user.token) };
  } catch (error) {
    // The message of a parser may quote what it read.
    return { why: `its kubeconfig cannot be read (${(error as Error)?.name ?? 'error'})` };
  }
}

/** istiod goes on showing a cluster as synced when its token is revoked: only the cluster itself knows. */
async function tokenFault(
  context: VerifyContext,
  reader: string,
  remote: MeshCluster,
  token: string,
  place: string,
): Promise<Cause | undefined> {
  const review = await context
    .client(remote.name)
    .create<KubeObject>(kinds.TokenReview, { metadata: {}, spec: { token } })
    .catch((error) => ({ metadata: {}, failed: messageOf(error) }) as KubeObject);
  if (review['failed']) return undefined; // that reviews are refused to us says nothing of the token
  if (review['status']?.authenticated === true) return undefined;
  return {
    why: `the token in ${place} is refused by ${remote.name}: it was revoked, or its account was made anew`,
    fix: `kubectl --context ${reader} -n ${systemNamespace} delete secret ${remoteSecretName(remote.name)}, then isthmus up`,
  };
}
