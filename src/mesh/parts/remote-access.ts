import { kinds, type Secret } from '../../kube/index.ts';
import { readersOf } from '../../spec/index.ts';
import { isIstio, isReader, istioObjects } from '../istio/index.ts';
import { type DesiredObject, type Part, type PartContext, type Placed, systemNamespace } from '../part.ts';
import { readerAccount, readerObjects } from './reader.ts';
import { filledTokenOf, remoteKubeconfig } from './remote-kubeconfig.ts';

/** As istioctl names it. A rotated one has the time of its making behind it. */
const tokenSecret = `${readerAccount}-istio-remote-secret-token`;
export const newTokenName = (now: Date): string =>
  `${tokenSecret}-${now.toISOString().replace(/\D/g, '').slice(0, 14)}`;

export const tokenObject = (name: string): DesiredObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/service-account-token',
  metadata: { name, namespace: systemNamespace, annotations: { 'kubernetes.io/service-account.name': readerAccount } },
});

/** The newest token's Secret: names that end in a later time are later in the alphabet too. */
async function currentToken({ client }: Pick<PartContext, 'client'>): Promise<string> {
  const { items } = await client.list<Secret>(kinds.Secret, { namespace: systemNamespace });
  const names = items.map((one) => one.metadata.name ?? '').filter((name) => name.startsWith(tokenSecret));
  return names.sort().at(-1) ?? tokenSecret;
}

export const remoteSecretName = (cluster: string): string => `istio-remote-secret-${cluster}`;

/** How the istiods of other clusters read this one: an account with a token, which Secrets there hold in a kubeconfig. */
export const remoteAccess: Part = {
  name: 'remote-access',
  applies: (mesh, cluster) => readersOf(mesh, cluster).length > 0,
  needs: (_, cluster) => [{ part: 'namespaces', cluster: cluster.name }],
  async desired(context) {
    const { mesh, cluster } = context;
    const { name, role } = cluster;
    const token = tokenObject(await currentToken(context));
    const account = isIstio(mesh)
      ? (await istioObjects(mesh, cluster)).filter(isReader)
      : readerObjects(role === 'remote');
    return [...account, token].map((object): Placed => ({ cluster: name, object }));
  },
  ready: async (context) => void (await filledToken(context)),
};

const filledToken = async (context: PartContext): Promise<Secret> =>
  filledTokenOf(context, await currentToken(context), systemNamespace);

/** The remote secret itself, in each primary but the cluster. */
export const remoteSecrets: Part = {
  name: 'remote-secrets',
  applies: (mesh, cluster) => readersOf(mesh, cluster).length > 0,
  needs: (mesh, cluster) => [
    { part: 'remote-access', cluster: cluster.name },
    ...readersOf(mesh, cluster).map((reader) => ({ part: 'namespaces', cluster: reader.name })),
  ],
  async desired(context) {
    const { name } = context.cluster;
    const token = await filledToken(context);
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
      data: { [name]: remoteKubeconfig(context, token) },
    };
    return readersOf(context.mesh, context.cluster).map((reader) => ({ cluster: reader.name, object }));
  },
  ready: async () => {},
};
