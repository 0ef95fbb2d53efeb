import { readersOf } from '../../spec/index.ts';
import { isIstio, isReader, istioObjects, plannedCommands } from '../istio/index.ts';
import { type Part, type Placed, systemNamespace } from '../part.ts';
import { readerAccount, readerObjects } from './reader.ts';
import { currentToken, filledToken, type RemoteToken, remoteKubeconfig, tokenObject } from './remote-token.ts';

/** As istioctl names it. */
export const readerToken: RemoteToken = {
  secret: `${readerAccount}-istio-remote-secret-token`,
  account: readerAccount,
};

export const remoteSecretName = (cluster: string): string => `istio-remote-secret-${cluster}`;

/** How the istiods of other clusters read this one: an account with a token, which Secrets there hold in a kubeconfig. */
export const remoteAccess: Part = {
  name: 'remote-access',
  applies: (mesh, cluster) => readersOf(mesh, cluster).length > 0,
  needs: (_, cluster) => [{ part: 'namespaces', cluster: cluster.name }],
  async desired(context) {
    const { mesh, cluster } = context;
    const { name, role } = cluster;
    const token = tokenObject(readerToken, await currentToken(context, readerToken));
    const account = isIstio(mesh)
      ? (await istioObjects(mesh, cluster)).filter(isReader)
      : readerObjects(role === 'remote');
    return [...account, token].map((object): Placed => ({ cluster: name, object }));
  },
  // A primary's rendering is that of its control plane.
  commands: ({ mesh, cluster }) =>
    isIstio(mesh) && cluster.role === 'remote'
      ? plannedCommands(mesh, cluster, 'the account by which istiods of other clusters read this one')
      : [],
  ready: async (context) => void (await filledToken(context, readerToken)),
};

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
    const token = await filledToken(context, readerToken);
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
