/** The two programs that render Istio's objects: neither is asked to apply them, which is done as for all other parts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { IsthmusError } from '../../errors/index.ts';
import { tryRun } from '../../process/index.ts';
import type { Mesh, MeshCluster } from '../../spec/index.ts';
import { hasRemoteChart, renderCommands, valuesFile } from './commands.ts';
import { istioVersionOf, unstated } from './installer-version.ts';
import { revisionOf } from './naming.ts';
import { istioValues } from './values.ts';

const longestMs = 60_000;

/** Istio's objects for a cluster, as YAML documents. @throws IsthmusError `istio.render` with what the installer said. */
export async function renderManifest(mesh: Mesh, cluster: MeshCluster, gatewayAddress?: string): Promise<string> {
  const version = await istioVersionOf(mesh);
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-istio-'));
  try {
    return await rendered(mesh, cluster, folder, version, gatewayAddress);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The file that the tutorial writes by hand. */
export function istioOperator(mesh: Mesh, cluster: MeshCluster, version: string, gatewayAddress?: string): unknown {
  const { hub } = mesh.controlPlane.istio;
  const revision = revisionOf(mesh);
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

async function rendered(mesh: Mesh, cluster: MeshCluster, folder: string, version: string, gatewayAddress?: string) {
  const file = join(folder, valuesFile(cluster));
  const isIstioctl = mesh.controlPlane.istio.installer === 'istioctl';
  const content = isIstioctl ? istioOperator : chartValues;
  await writeFile(file, stringify(content(mesh, cluster, version, gatewayAddress)));
  const commands = renderCommands(mesh, cluster, version, file);
  return (await Promise.all(commands.map((command) => output(mesh, cluster, command)))).join('\n---\n');
}

/** The same settings as values of Istio's charts. */
function chartValues(mesh: Mesh, cluster: MeshCluster, version: string, gatewayAddress?: string): unknown {
  const { hub } = mesh.controlPlane.istio;
  const revision = revisionOf(mesh);
  const { meshConfig, values } = istioValues(mesh, cluster, gatewayAddress);
  return {
    ...values,
    meshConfig,
    ...(revision ? { revision } : {}),
    global: {
      ...{ ...values['global'], hub, ...(version === unstated ? {} : { tag: version }) },
      // Its own validator, which charts leave out before 1.22.
      ...(revision ? { configValidation: true } : {}),
    },
    // The default revision's validator leads to its istiod, without which no object of Istio could be written once it has been there.
    ...(revision ? { defaultRevision: '' } : {}),
    ...(cluster.role === 'remote' && !hasRemoteChart(mesh, cluster, version) ? { profile: 'remote' } : {}),
  };
}

async function output(mesh: Mesh, cluster: MeshCluster, [program = '', ...args]: string[]): Promise<string> {
  const { installer } = mesh.controlPlane.istio;
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
