/** The command lines by which Istio's objects are rendered: as they are run, and as a plan tells them. */
import { join } from 'node:path';
import type { Mesh, MeshCluster } from '../../spec/index.ts';
import { type PartCommand, systemNamespace } from '../part.ts';
import { istioVersionOf, unstated } from './installer-version.ts';
import { revisionOf } from './naming.ts';

const officialCharts = 'https://istio-release.storage.googleapis.com/charts';

/** Name of the file of settings that the installer is given. It is made for the call, and taken away after it. */
export const valuesFile = ({ name }: MeshCluster): string => `${name}.yaml`;

/** Each with its program first. @param file the settings */
export function renderCommands(mesh: Mesh, version: string, file: string): string[][] {
  const { installer, program, charts = officialCharts } = mesh.controlPlane.istio;
  const revision = revisionOf(mesh);
  if (installer === 'istioctl') return [[program, 'manifest', 'generate', '-f', file]];
  const isRepository = /^(https?|oci):/.test(charts);
  const chartOf = (name: string): string[] => {
    if (charts.startsWith('oci:')) return [`${charts}/${name}`];
    if (isRepository) return [name, '--repo', charts];
    // In the tree of Istio's sources the chart of istiod lies deeper, under another name.
    return [join(charts, name === 'istiod' ? 'istio-control/istio-discovery' : name)];
  };
  const stated = isRepository && version !== unstated ? ['--version', version] : [];
  const render = (release: string, chart: string, more: string[] = []): string[] => [
    ...[program, 'template', release, ...chartOf(chart), ...stated],
    ...['--namespace', systemNamespace, '--values', file, ...more],
  ];
  return [
    render('istio-base', 'base', ['--include-crds']),
    render(revision ? `istiod-${revision}` : 'istiod', 'istiod'),
  ];
}

/** As a plan tells them. @param what is rendered: reads on after "renders" */
export async function plannedCommands(mesh: Mesh, cluster: MeshCluster, what: string): Promise<PartCommand[]> {
  const commands = renderCommands(mesh, await istioVersionOf(mesh), valuesFile(cluster));
  return commands.map((command) => ({ command, why: `renders ${what}; its file is made from mesh.yaml` }));
}
