/** The chart kiali-server as objects. Helm only renders: they are applied as for all other parts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { stringify } from 'yaml';
import { IsthmusError, messageOf } from '../../errors/index.ts';
import { tryRun } from '../../process/index.ts';
import type { KialiInstallation } from '../../spec/index.ts';
import { objectsOf } from '../istio/index.ts';
import { ownedKinds } from '../owner.ts';
import { type DesiredObject, systemNamespace } from '../part.ts';

const chartName = 'kiali-server';
const officialCharts = 'https://kiali.org/helm-charts';
const longestMs = 60_000;

/**
 * The chart's objects with these values.
 * @throws IsthmusError `kiali.no-helm` when Helm cannot be run, `kiali.render` with what it said, `kiali.kind` for an object that
 * `isthmus down` could not find again.
 */
export async function renderKiali(kiali: KialiInstallation, values: Record<string, unknown>): Promise<DesiredObject[]> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-kiali-'));
  try {
    const file = join(folder, 'values.yaml');
    await writeFile(file, stringify(values));
    const objects = objectsOf(await helm(kiali, file)).filter((one) => !isHook(one));
    for (const object of objects) requireOwnable(object);
    return objects;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The command line, with its program first. */
export const renderCommand = (kiali: KialiInstallation, valuesFile: string): string[] => [
  ...[kiali.program, 'template', chartName, ...chartOf(kiali), '--namespace', systemNamespace],
  ...['--values', valuesFile, '--skip-tests'],
];

async function helm(kiali: KialiInstallation, valuesFile: string): Promise<string> {
  const [, ...args] = renderCommand(kiali, valuesFile);
  const { code, stdout, stderr } = await tryRun(kiali.program, args, { timeoutMs: longestMs }).catch((cause) => {
    throw new IsthmusError({
      code: 'kiali.no-helm',
      fault: 'user',
      what: 'Helm cannot be run, and it is needed to install Kiali',
      where: kiali.program,
      why: messageOf(cause),
      fix: 'put helm into PATH, or name it as spec.kiali.program in mesh.yaml',
      cause,
    });
  });
  if (code === 0) return stdout;
  throw new IsthmusError({
    code: 'kiali.render',
    what: 'Helm does not render Kiali',
    where: `${kiali.program} template ${chartOf(kiali).join(' ')}`,
    why: stderr.trim().split('\n').slice(-5).join('\n'),
    fix: 'look at spec.kiali in mesh.yaml: its chart, version and values must fit each other',
  });
}

/** A folder, an archive and an OCI reference are the chart; another address is a repository that has it. */
function chartOf({ chart = officialCharts, version }: KialiInstallation): string[] {
  if (isAbsolute(chart)) return [chart];
  const isRepository = /^https?:/.test(chart) && !chart.endsWith('.tgz');
  return [...(isRepository ? [chartName, '--repo', chart] : [chart]), ...(version ? ['--version', version] : [])];
}

const isHook = ({ metadata }: DesiredObject): boolean => metadata.annotations?.['helm.sh/hook'] !== undefined;

function requireOwnable({ apiVersion, kind, metadata }: DesiredObject): void {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  if (ownedKinds.some((one) => one.kind === kind && one.group === group)) return;
  throw new IsthmusError({
    code: 'kiali.kind',
    fault: 'user',
    what: `the chart of Kiali makes a ${kind}, which Isthmus would not take away again`,
    where: `${apiVersion} ${kind} ${metadata.name}`,
    fix: 'switch it off under spec.kiali.values in mesh.yaml, and make it yourself',
  });
}

/** @throws IsthmusError `kiali.too-old` where the chart does not know what it was asked for. */
export function requireChart(holds: boolean, lacks: string): void {
  if (holds) return;
  throw new IsthmusError({
    code: 'kiali.too-old',
    fault: 'user',
    what: `this chart of Kiali ${lacks}`,
    where: 'spec.kiali in mesh.yaml',
    fix: 'use a newer one: see spec.kiali.chart and spec.kiali.version',
  });
}
