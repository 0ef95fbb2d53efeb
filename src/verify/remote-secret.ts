/** The Secrets by which istiods and Kiali read other clusters, judged from outside of those who use them. */
import { parse } from 'yaml';
import { messageOf } from '../errors/index.ts';
import { type ConfigMap, type KubeObject, kinds, type Secret } from '../kube/index.ts';
import { remoteSecretName, systemNamespace } from '../mesh/index.ts';
import type { MeshCluster } from '../spec/index.ts';
import type { Cause, VerifyContext } from './fact.ts';

const loopback = /^https?:\/\/(localhost|127\.|\[::1\])/;

/** Whose Secrets they are, and how that one finds them. */
export interface SecretReader {
  who: string;
  label: string;
  secretName: (cluster: string) => string;
}

const istiod: SecretReader = { who: 'istiod', label: 'istio/multiCluster', secretName: remoteSecretName };

/** What is wrong with the secret for a cluster in the one that reads it, or undefined. Nothing of its token is shown. */
export async function remoteSecretFault(
  context: VerifyContext,
  home: string,
  remote: MeshCluster,
  reader: SecretReader = istiod,
): Promise<Cause | undefined> {
  const { who, label } = reader;
  const name = reader.secretName(remote.name);
  const place = `Secret ${systemNamespace}/${name} of ${home}`;
  const fix = 'isthmus up';
  const secret = await context.client(home).find<Secret>(kinds.Secret, name, systemNamespace);
  if (!secret) return { why: `${place} is missing`, fix };
  if (secret.metadata.labels?.[label] !== 'true')
    return { why: `${place} lacks the label ${label}=true, by which ${who} finds it`, fix };
  const text = secret.data?.[remote.name];
  if (!text)
    return {
      why: `${place} has no key ${remote.name}: its keys, which ${who} takes for names of clusters, are ${Object.keys(secret.data ?? {}).join(', ') || 'none'}`,
      fix,
    };
  const kubeconfig = readKubeconfig(text);
  if ('why' in kubeconfig) return { why: `${place}: ${kubeconfig.why}`, fix };
  if (loopback.test(kubeconfig.server))
    return {
      why: `${place} leads to ${kubeconfig.server}, which is ${who}'s own pod and not the API server of ${remote.name}`,
      fix,
    };
  const stranger = await strangerFault(context, remote, kubeconfig.ca);
  if (stranger) return { why: `${place} ${stranger}`, fix };
  return tokenFault(context, home, remote, kubeconfig.token, { place, name });
}

/** The certificate by which the API server is known tells whose address it is: each cluster has a CA of its own. */
async function strangerFault(context: VerifyContext, remote: MeshCluster, ca: string): Promise<string | undefined> {
  const published = await context
    .client(remote.name)
    .find<ConfigMap>(kinds.ConfigMap, 'kube-root-ca.crt', systemNamespace)
    .catch(() => undefined);
  const own = published?.data?.['ca.crt'];
  if (!own || ca === '' || own.trim() === ca.trim()) return undefined;
  return `trusts the CA of another cluster than ${remote.name}`;
}

function readKubeconfig(encoded: string): { server: string; token: string; ca: string } | { why: string } {
  try {
    const { clusters, users } = parse(Buffer.from(encoded, 'base64').toString('utf8'));
    const { server, 'certificate-authority-data': ca = '' } = clusters[0].cluster;
    return {
      server: String(server),
      token: String(users[0].user.token),
      ca: Buffer.from(ca, 'base64').toString('utf8'),
    };
  } catch (error) {
    // The message of a parser may quote what it read.
    return { why: `its kubeconfig cannot be read (${(error as Error)?.name ?? 'error'})` };
  }
}

/** istiod goes on showing a cluster as synced when its token is revoked: only the cluster itself knows. */
async function tokenFault(
  context: VerifyContext,
  home: string,
  remote: MeshCluster,
  token: string,
  { place, name }: { place: string; name: string },
): Promise<Cause | undefined> {
  const review = await context
    .client(remote.name)
    .create<KubeObject>(kinds.TokenReview, { metadata: {}, spec: { token } })
    .catch((error) => ({ metadata: {}, failed: messageOf(error) }) as KubeObject);
  if (review['failed']) return undefined; // that reviews are refused to us says nothing of the token
  if (review['status']?.authenticated === true) return undefined;
  return {
    why: `the token in ${place} is refused by ${remote.name}: it was revoked, or its account was made anew`,
    fix: `kubectl --context ${home} -n ${systemNamespace} delete secret ${name}, then isthmus up`,
  };
}
