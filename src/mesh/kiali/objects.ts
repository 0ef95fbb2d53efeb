/** What Kiali puts into its home cluster, and into every other one. */
import { createHash } from 'node:crypto';
import type { KialiInstallation, Mesh } from '../../spec/index.ts';
import { type DesiredObject, systemNamespace } from '../part.ts';
import { renderKiali, requireChart } from './chart.ts';
import { homeValues, kialiName, loginToken, remoteValues } from './values.ts';

const accounts = new WeakMap<Mesh, Promise<DesiredObject[]>>();

/** The account of Kiali in a cluster that is not its home, and its rights: the same for all of them. */
export function accountObjects(mesh: Mesh, kiali: KialiInstallation): Promise<DesiredObject[]> {
  const known = accounts.get(mesh) ?? renderAccount(kiali);
  accounts.set(mesh, known);
  return known;
}

async function renderAccount(kiali: KialiInstallation): Promise<DesiredObject[]> {
  const objects = await renderKiali(kiali, remoteValues(kiali));
  const isRemoteOnly = !objects.some(({ kind }) => kind === 'Deployment');
  requireChart(
    isRemoteOnly && objects.some(isAccount),
    'does not know what Kiali needs in other clusters than its own',
  );
  return objects.filter(({ kind }) => accountKinds.has(kind));
}

/** The chart adds a configuration, with a key that is another at each rendering, which nobody reads there. */
const accountKinds = new Set(['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']);

const isAccount = ({ kind, metadata }: DesiredObject): boolean =>
  kind === 'ServiceAccount' && metadata.name === kialiName && metadata.namespace === systemNamespace;

/** Kiali itself. @param remotes the kubeconfigs that it reads, as the Secrets have them */
export async function kialiObjects(mesh: Mesh, kiali: KialiInstallation, remotes: string[]): Promise<DesiredObject[]> {
  const hash = createHash('sha256').update(remotes.join('\n')).digest('hex').slice(0, 16);
  const objects = await renderKiali(kiali, homeValues(mesh, kiali, hash));
  const deployment = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === kialiName);
  const volumes: any[] = deployment?.['spec'].template.spec.volumes ?? [];
  // An older chart would take the reference for the key itself, which everybody knows.
  const readsKey = volumes.some(({ secret }) => secret?.secretName === loginToken.secret);
  requireChart(readsKey, 'does not take the key for sign-in tokens from a Secret');
  return objects;
}

/**
 * Renders all of it once, so that a Helm that is missing or a chart that does not fit is told before anything is made.
 * @returns name and version of the chart; undefined where Kiali is not asked for
 * @throws IsthmusError `kiali.*`
 */
export async function kialiChartOf(mesh: Mesh): Promise<string | undefined> {
  const { kiali } = mesh;
  if (!kiali) return undefined;
  const [objects] = await Promise.all([
    kialiObjects(mesh, kiali, []),
    ...(mesh.clusters.some(({ name }) => name !== kiali.homeCluster) ? [accountObjects(mesh, kiali)] : []),
  ]);
  return objects.map(({ metadata }) => metadata.labels?.['helm.sh/chart']).find(Boolean) ?? 'kiali-server';
}
