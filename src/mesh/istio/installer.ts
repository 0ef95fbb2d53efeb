/** The two programs that render Istio's objects: neither is asked to apply them, which is done as for all other parts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { IsthmusError, messageOf } from '../../errors/index.ts';
import { tryRun } from '../../process/index.ts';
import type { Mesh, MeshCluster } from '../../spec/index.ts';
import { systemNamespace } from '../part.ts';
import { istioValues } from './values.ts';

/** The oldest Istio whose profiles and values are known here. */
const oldest = [1, 18] as const;
const officialCharts = 'https://istio-release.storage.googleapis.com/charts';
const longestMs = 60_000;

/**
 * The version of Istio that will run: stated in the file, or the installer's own.
 * @throws IsthmusError `istio.*` when the installer is missing, or the version is too old or unknown.
 */
export async function istioVersionOf(mesh: Mesh): Promise<string> {
  const { installer, program, version } = mesh.controlPlane.istio;
  const isIstioctl = installer === 'istioctl';
  const args = isIstioctl ? ['version', '--remote=false', '-o', 'json'] : ['version', '--short'];
  const answer = await tryRun(program, args, { timeoutMs: longestMs }).catch((cause) => {
    throw new IsthmusError({
      code: 'istio.no-installer',
      fault: 'user',
      what: `${installer} cannot be run, and it is needed to install Istio`,
      where: program,
      why: messageOf(cause),
      fix: `put ${installer} into PATH, or name it as spec.controlPlane.program in mesh.yaml`,
      cause,
    });
  });
  const own = isIstioctl ? clientVersion(answer.stdout) : undefined;
  const used = version ?? own ?? (isIstioctl ? undefined : 'unstated');
  if (used === undefined || answer.code !== 0)
    throw new IsthmusError({
      code: 'istio.no-version',
      fault: 'user',
      what: `${installer} does not say its version`,
      where: program,
      why: (answer.stderr || answer.stdout).trim().slice(0, 200),
      fix: 'name another as spec.controlPlane.program, or write the version as spec.controlPlane.version in mesh.yaml',
    });
  for (const [stated, where] of [
    [used, 'version'],
    [own ?? used, 'program'],
  ] as const)
    if (isTooOld(stated))
      throw new IsthmusError({
        code: 'istio.too-old',
        fault: 'user',
        what: `Istio ${stated} is older than ${oldest.join('.')}`,
        where: `spec.controlPlane.${where}`,
        fix: `use Istio ${oldest.join('.')} or newer`,
      });
  return used;
}

function clientVersion(text: string): string | undefined {
  try {
    const { version } = JSON.parse(text).clientVersion;
    return version && version !== 'unknown' ? version : undefined;
  } catch {
    return undefined;
  }
}

function isTooOld(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return false;
  return Number(major) < oldest[0] || (Number(major) === oldest[0] && Number(minor) < oldest[1]);
}

/** Istio's objects for a cluster, as YAML documents. @throws IsthmusError `istio.render` with what the installer said. */
export async function renderManifest(mesh: Mesh, cluster: MeshCluster, gatewayAddress?: string): Promise<string> {
  const version = await istioVersionOf(mesh);
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-istio-'));
  try {
    return mesh.controlPlane.istio.installer === 'istioctl'
      ? await byIstioctl(mesh, cluster, folder, version, gatewayAddress)
      : await byHelm(mesh, cluster, folder, version, gatewayAddress);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The file that the tutorial writes by hand. */
export function istioOperator(mesh: Mesh, cluster: MeshCluster, version: string, gatewayAddress?: string): unknown {
  const { hub, revision } = mesh.controlPlane.istio;
  const { meshConfig, values } = istioValues(mesh, cluster, gatewayAddress);
  return {
    apiVersion: 'install.istio.io/v1alpha1',
    kind: 'IstioOperator',
    spec: {
      profile: cluster.role === 'remote' ? 'remote' : 'minimal',
      hub,
      tag: version,
      ...(revision ? { revision } : {}),
      meshConfig,
      values,
    },
  };
}

async function byIstioctl(mesh: Mesh, cluster: MeshCluster, folder: string, version: string, gatewayAddress?: string) {
  const file = join(folder, `${cluster.name}.yaml`);
  await writeFile(file, stringify(istioOperator(mesh, cluster, version, gatewayAddress)));
  return output(mesh, cluster, ['manifest', 'generate', '-f', file]);
}

async function byHelm(mesh: Mesh, cluster: MeshCluster, folder: string, version: string, gatewayAddress?: string) {
  const { charts = officialCharts, hub, revision } = mesh.controlPlane.istio;
  const { meshConfig, values } = istioValues(mesh, cluster, gatewayAddress);
  const all = {
    ...values,
    meshConfig,
    ...(revision ? { revision } : {}),
    global: { ...values['global'], hub, ...(version === 'unstated' ? {} : { tag: version }) },
    ...(cluster.role === 'remote' ? { profile: 'remote' } : {}),
  };
  const file = join(folder, `${cluster.name}.yaml`);
  await writeFile(file, stringify(all));
  const isRepository = /^(https?|oci):/.test(charts);
  // In the tree of Istio's sources the chart of istiod lies deeper, under another name.
  const chartOf = (name: string): string[] =>
    isRepository
      ? charts.startsWith('oci:')
        ? [`${charts}/${name}`]
        : [name, '--repo', charts]
      : [join(charts, name === 'istiod' ? 'istio-control/istio-discovery' : name)];
  const stated = isRepository && version !== 'unstated' ? ['--version', version] : [];
  const render = (release: string, chart: string, more: string[] = []) =>
    output(mesh, cluster, [
      ...['template', release, ...chartOf(chart), ...stated],
      ...['--namespace', systemNamespace, '--values', file, ...more],
    ]);
  const rendered = await Promise.all([
    render('istio-base', 'base', ['--include-crds']),
    render(revision ? `istiod-${revision}` : 'istiod', 'istiod'),
  ]);
  return rendered.join('\n---\n');
}

async function output(mesh: Mesh, cluster: MeshCluster, args: string[]): Promise<string> {
  const { installer, program } = mesh.controlPlane.istio;
  const { code, stdout, stderr } = await tryRun(program, args, { timeoutMs: longestMs });
  if (code === 0) return stdout;
  throw new IsthmusError({
    code: 'istio.render',
    what: `${installer} does not render Istio for ${cluster.name}`,
    where: `${program} ${args.slice(0, 2).join(' ')}`,
    why: stderr.trim().split('\n').slice(-5).join('\n'),
    fix: 'look at spec.controlPlane in mesh.yaml: its values, version and charts must fit each other',
  });
}
