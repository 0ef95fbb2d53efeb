/** The command lines by which Istio's objects are rendered: as they are run, and as a plan tells them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Mesh, MeshCluster } from '../../spec/index.ts';
import { type PartCommand, systemNamespace } from '../part.ts';
import { istioVersionOf, unstated } from './installer-version.ts';
import { revisionOf } from './naming.ts';

const officialCharts = 'https://istio-release.storage.googleapis.com/charts';

/** Name of the file of settings that the installer is given. It is made for the call, and taken away after it. */
export const valuesFile = ({ name }: MeshCluster): string => `${name}.yaml`;

/** Each with its program first. @param file the settings */
export function renderCommands(mesh: Mesh, cluster: MeshCluster, version: string, file: string): string[][] {
  const { installer, program, charts = officialCharts } = mesh.controlPlane.istio;
  if (installer === 'istioctl') return [[program, 'manifest', 'generate', '-f', file]];
  const revision = revisionOf(mesh);
  const isRepository = /^(https?|oci):/.test(charts);
  const chartOf = (name: string): string[] => {
    if (charts.startsWith('oci:')) return [`${charts}/${name}`];
    if (isRepository) return [name, '--repo', charts];
    return [join(charts, folderOf(charts, name))];
  };
  const stated = isRepository && version !== unstated ? ['--version', version] : [];
  const render = (chart: string, more: string[] = []): string[] => [
    ...[program, 'template', chart === 'base' ? 'istio-base' : revision ? `${chart}-${revision}` : chart],
    ...[...chartOf(chart), ...stated, '--namespace', systemNamespace, '--values', file, ...more],
  ];
  if (hasRemoteChart(mesh, cluster, version)) return [render('istiod-remote')];
  return [render('base', ['--include-crds']), render('istiod')];
}

/** Where a chart lies in a folder: in the tree of Istio's sources that of istiod lies deeper, under another name. */
const folderOf = (charts: string, name: string): string =>
  name === 'istiod' && !existsSync(join(charts, name)) ? 'istio-control/istio-discovery' : name;

/**
 * Before Istio 1.24 what a remote needs was a chart of its own; since then it is a profile of istiod's, which older charts refuse or, before
 * 1.21, do not know at all and render a whole istiod.
 */
export function hasRemoteChart(mesh: Mesh, { role }: MeshCluster, version: string): boolean {
  const { installer, charts } = mesh.controlPlane.istio;
  if (role !== 'remote' || installer !== 'helm') return false;
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major !== undefined) return Number(major) === 1 && Number(minor) < 24;
  return charts !== undefined && existsSync(join(charts, 'istiod-remote'));
}

/** As a plan tells them. @param what is rendered: reads on after "renders" */
export async function plannedCommands(mesh: Mesh, cluster: MeshCluster, what: string): Promise<PartCommand[]> {
  const commands = renderCommands(mesh, cluster, await istioVersionOf(mesh), valuesFile(cluster));
  return commands.map((command) => ({ command, why: `renders ${what}; its file is made from mesh.yaml` }));
}
