import { stringify } from 'yaml';
import { kinds, type Secret } from '../../kube/index.ts';
import { isIstio, isReader, istioObjects } from '../istio/index.ts';
import { type Part, type PartContext, type Placed, systemNamespace } from '../part.ts';
import { readerAccount, readerObjects } from './reader.ts';

const tokenSecret = `${readerAccount}-istio-remote-secret-token`;

export const remoteSecretName = (cluster: string): string => `istio-remote-secret-${cluster}`;

/** How the primary's istiod reads a remote: an account there with a token that does not expire, and a Secret here that holds its kubeconfig. */
export const remoteAccess: Part = {
  name: 'remote-access',
  applies: (_, cluster) => cluster.role === 'remote',
  needs: (_, cluster) => [
    { part: 'namespaces', cluster: cluster.name },
    { part: 'namespaces', cluster: cluster.primary },
  ],
  async desired(context) {
    const { mesh, cluster } = context;
    const { name } = cluster;
    const annotations = { 'kubernetes.io/service-account.name': readerAccount };
    const token = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: { name: tokenSecret, namespace: systemNamespace, annotations },
    };
    const account = isIstio(mesh) ? (await istioObjects(mesh, cluster)).filter(isReader) : readerObjects(true);
    return [...account, token].map((object): Placed => ({ cluster: name, object }));
  },
  ready: async (context) => void (await filledToken(context)),
};

function filledToken(context: PartContext): Promise<Secret> {
  return context.wait.for<Secret>({
    client: context.client,
    kind: kinds.Secret,
    name: tokenSecret,
    namespace: systemNamespace,
    judge: (found) =>
      !found || (found.data?.['token'] && found.data['ca.crt'])
        ? undefined
        : { why: 'it holds no token', ends: "the cluster's token controller fills it" },
  });
}

/** The remote secret itself, in the primary. The address in it is the one by which istiod's pod reaches the remote: never 127.0.0.1. */
export const remoteSecrets: Part = {
  name: 'remote-secrets',
  applies: (_, cluster) => cluster.role === 'remote',
  needs: (_, cluster) => [{ part: 'remote-access', cluster: cluster.name }],
  async desired(context) {
    const { name, primary } = context.cluster;
    const { data = {} } = await filledToken(context);
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      preferences: {},
      clusters: [
        {
          name,
          cluster: { 'certificate-authority-data': data['ca.crt'], server: context.targetOf(name).internalServer },
        },
      ],
      users: [{ name, user: { token: Buffer.from(data['token'] ?? '', 'base64').toString('utf8') } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    };
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: {
        name: remoteSecretName(name),
        namespace: systemNamespace,
        labels: { 'istio/multiCluster': 'true' },
        annotations: { 'networking.istio.io/cluster': name },
      },
      data: { [name]: Buffer.from(stringify(kubeconfig)).toString('base64') },
    };
    return [{ cluster: primary, object }];
  },
  ready: async () => {},
};
