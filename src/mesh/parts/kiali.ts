import { randomBytes } from 'node:crypto';
import { type KubeObject, kinds, type Secret } from '../../kube/index.ts';
import { type KialiInstallation, type Mesh, type MeshCluster, primariesOf } from '../../spec/index.ts';
import { accountObjects, kialiName, kialiObjects, kialiSecretName, loginToken, renderCommand } from '../kiali/index.ts';
import { type DesiredObject, here, type Part, type PartCommand, type PartContext, systemNamespace } from '../part.ts';
import { waitForDeployment } from '../predicates.ts';
import { currentToken, filledToken, type RemoteToken, remoteKubeconfig, tokenObject } from './remote-token.ts';

export const kialiToken: RemoteToken = { secret: 'kiali-remote-token', account: kialiName };

/**
 * The cluster of the mesh whose place in the order Kiali itself takes: its home, or for one outside of the mesh the first primary.
 * Objects go to the home all the same.
 */
const isCarrier = (mesh: Mesh, { name }: MeshCluster): boolean => {
  const { kiali } = mesh;
  return kiali !== undefined && name === (kiali.management ? primariesOf(mesh)[0]?.name : kiali.homeCluster);
};
const home = ({ kiali }: Mesh): string => kiali!.homeCluster;

const kialiOf = ({ mesh }: PartContext): KialiInstallation => mesh.kiali!;
/** Whether Kiali reads the cluster from another one. */
export const isRead = ({ kiali }: Mesh, { name }: MeshCluster): boolean =>
  kiali !== undefined && kiali.homeCluster !== name;

/** The namespace in a home outside of the mesh. It says nothing of a network: no workload of the mesh is there. */
export const kialiHome: Part = {
  name: 'kiali-home',
  applies: (mesh, cluster) => mesh.kiali?.management !== undefined && isCarrier(mesh, cluster),
  place: home,
  needs: () => [],
  desired: ({ mesh }) => [
    { cluster: home(mesh), object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace } } },
  ],
  ready: async () => {},
};

/** How Kiali reads a cluster that is not its home: an account with the rights of its chart, and a token. */
export const kialiAccess: Part = {
  name: 'kiali-access',
  applies: isRead,
  needs: (_, cluster) => [{ part: 'namespaces', cluster: cluster.name }],
  async desired(context) {
    const token = tokenObject(kialiToken, await currentToken(context, kialiToken));
    return here(context, [...(await accountObjects(context.mesh, kialiOf(context))), token]);
  },
  // One rendering is for all clusters.
  commands: ({ mesh, cluster }) =>
    mesh.clusters.find((one) => isRead(mesh, one)) === cluster
      ? [
          plannedRendering(
            mesh.kiali!,
            'kiali-account.yaml',
            "Kiali's account, the same for each cluster that it reads",
          ),
        ]
      : [],
  ready: async (context) => void (await filledToken(context, kialiToken)),
};

const plannedRendering = (installation: KialiInstallation, file: string, what: string): PartCommand => ({
  command: renderCommand(installation, file),
  why: `renders ${what}; its file is made from mesh.yaml`,
});

/**
 * The kubeconfig of each such cluster, in Kiali's home. Its key, its names and the annotation are Istio's name of the cluster, since Kiali
 * joins by it what it reads there with metrics and with istiod.
 */
export const kialiSecrets: Part = {
  name: 'kiali-secrets',
  applies: isRead,
  needs: (mesh, cluster) => [
    { part: 'kiali-access', cluster: cluster.name },
    ...(mesh.kiali ? [{ part: 'namespaces', cluster: mesh.kiali.homeCluster }] : []),
    ...mesh.clusters.map((one) => ({ part: 'kiali-home', cluster: one.name })),
  ],
  async desired(context) {
    const { name } = context.cluster;
    const token = await filledToken(context, kialiToken);
    const object: DesiredObject = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: {
        name: kialiSecretName(name),
        namespace: systemNamespace,
        labels: { 'kiali.io/multiCluster': 'true' },
        annotations: { 'kiali.io/cluster': name },
      },
      data: { [name]: remoteKubeconfig(context, token) },
    };
    return [{ cluster: kialiOf(context).homeCluster, object }];
  },
  ready: async () => {},
};

/** Kiali itself, in its home. It reads kubeconfigs and which kinds a cluster has at its start only: all of that comes before. */
export const kiali: Part = {
  name: 'kiali',
  applies: isCarrier,
  place: home,
  needs: (mesh, cluster) => [
    ...['control-plane', 'prometheus-addresses'].map((part) => ({ part, cluster: cluster.name })),
    ...mesh.clusters.flatMap(({ name }) => [
      { part: 'custom-resources', cluster: name },
      { part: 'kiali-secrets', cluster: name },
    ]),
  ],
  async desired(context) {
    const { mesh } = context;
    const remotes = await Promise.all(
      mesh.clusters.filter((one) => isRead(mesh, one)).map((one) => held(context, one)),
    );
    const objects = await kialiObjects(mesh, kialiOf(context), remotes);
    const key = { object: await signingKey(context), fits: signs };
    return [...objects.map((object) => ({ object })), key].map((one) => ({ cluster: home(mesh), ...one }));
  },
  commands: (context) => [plannedRendering(kialiOf(context), 'kiali.yaml', 'Kiali')],
  async ready(context) {
    const client = context.clientOf(home(context.mesh));
    await waitForDeployment({ ...context, client }, systemNamespace, kialiName);
  },
};

async function held({ mesh, clientOf, wait }: PartContext, { name }: MeshCluster): Promise<string> {
  const secret = kialiSecretName(name);
  const { data = {} } = await wait.for<Secret>({
    client: clientOf(home(mesh)),
    kind: kinds.Secret,
    name: secret,
    namespace: systemNamespace,
    assumed: () => ({ metadata: { name: secret, namespace: systemNamespace } }),
    judge: (found) => (found ? undefined : { why: 'it does not exist', ends: 'it is created' }),
  });
  return `${name} ${data[name] ?? ''}`;
}

/** Made once: with another key everybody would have to sign in again. */
async function signingKey({ mesh, clientOf }: PartContext): Promise<DesiredObject> {
  const { secret: name, key } = loginToken;
  const before = await clientOf(home(mesh)).find<Secret>(kinds.Secret, name, systemNamespace);
  const value = before?.data?.[key] ?? Buffer.from(randomBytes(16).toString('hex')).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: { name, namespace: systemNamespace },
    data: { [key]: value },
  };
}

/** Kiali takes keys of 16, 24 or 32 bytes. */
function signs(existing: KubeObject): string | undefined {
  const bytes = Buffer.from(existing['data']?.[loginToken.key] ?? '', 'base64').length;
  return [16, 24, 32].includes(bytes) ? undefined : `its ${loginToken.key} is not of 16, 24 or 32 bytes`;
}
