/** What installers are told and what is made of their answers. The installers are small scripts here; test/real runs Istio's own. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { defaultMesh, type Mesh } from '../../spec/index.ts';
import { plannedCommands } from './commands.ts';
import { istioOperator, renderManifest } from './installer.ts';
import { istioVersionOf } from './installer-version.ts';
import { injectionLabel, injectorName, istiodName, revisionLabel } from './naming.ts';
import { isDefinition, isReader, networkingVersion, objectsOf } from './objects.ts';
import { metricsFilter } from './upstream-envoy.ts';
import { istioValues } from './values.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-installer-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function meshWith(istio: Partial<Mesh['controlPlane']['istio']>): Mesh {
  const mesh = defaultMesh();
  mesh.controlPlane.implementation = 'istio';
  Object.assign(mesh.controlPlane.istio, istio);
  return mesh;
}

/** A program that notes its arguments, keeps the file that it is given, and prints. */
function program(version: string, manifest = ''): string {
  const path = join(folder, 'installer');
  writeFileSync(join(folder, 'manifest'), manifest);
  writeFileSync(
    path,
    `#!/bin/sh
echo "$@" >> ${folder}/calls
if [ "$1" = version ]; then echo '${version}'; exit 0; fi
for word in "$@"; do case "$word" in *.yaml) cp "$word" ${folder}/given.yaml;; esac; done
cat ${folder}/manifest
`,
  );
  chmodSync(path, 0o755);
  return path;
}
const says = (version: string): string => JSON.stringify({ clientVersion: { version } });
const calls = (): string[] => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');

describe('the installer', () => {
  test('is istioctl with the tutorial’s files, of the version that it says', async () => {
    const mesh = meshWith({ program: program(says('1.20.3'), 'kind: ConfigMap\nmetadata: {name: istio}') });
    expect(await renderManifest(mesh, mesh.clusters[0]!)).toContain('ConfigMap');
    expect(calls().at(-1)).toMatch(/^manifest generate -f .*east\.yaml$/);
    expect(parse(readFileSync(join(folder, 'given.yaml'), 'utf8'))).toMatchObject({
      kind: 'IstioOperator',
      spec: { profile: 'minimal', hub: 'docker.io/istio', tag: '1.20.3' },
    });
  });

  test('is Helm with the charts of base and istiod', async () => {
    const mesh = meshWith({ installer: 'helm', program: program('v3.14.0'), charts: '/charts', version: '1.30.1' });
    await renderManifest(mesh, mesh.clusters[1]!, '192.168.49.20');
    expect(
      calls()
        .slice(1)
        .map((line) => line.split(' --values')[0])
        .sort(),
    ).toEqual([
      'template istio-base /charts/base --namespace istio-system',
      'template istiod /charts/istio-control/istio-discovery --namespace istio-system',
    ]);
    expect(parse(readFileSync(join(folder, 'given.yaml'), 'utf8'))).toMatchObject({
      profile: 'remote',
      global: { tag: '1.30.1', remotePilotAddress: '192.168.49.20' },
    });
  });

  test('takes the charts of a repository in the version of the file', async () => {
    const mesh = meshWith({ installer: 'helm', program: program('v3.14.0'), version: '1.30.1', revision: '1-30' });
    await renderManifest(mesh, mesh.clusters[0]!);
    expect(calls()).toContainEqual(
      expect.stringMatching(/^template istiod-1-30 istiod --repo https:\S+ --version 1\.30\.1 /),
    );
  });

  test('is not told the name of the default revision: Istio would put it behind every name', async () => {
    const mesh = meshWith({ revision: 'default' });
    expect(istioOperator(mesh, mesh.clusters[0]!, '1.31.0')).not.toHaveProperty('spec.revision');
    Object.assign(mesh.controlPlane.istio, { installer: 'helm', program: program('v3.14.0'), version: '1.31.0' });
    await renderManifest(mesh, mesh.clusters[0]!);
    expect(parse(readFileSync(join(folder, 'given.yaml'), 'utf8'))).not.toHaveProperty('revision');
    expect(calls()).toContainEqual(expect.stringMatching(/^template istiod istiod --repo /));
  });

  test.each(['istioctl', 'helm'] as const)('is told by a plan as it is run: %s', async (installer) => {
    const mesh = meshWith({ installer, program: program(says('1.30.1')), version: '1.30.1' });
    const planned = await plannedCommands(mesh, mesh.clusters[0]!, 'all');
    await renderManifest(mesh, mesh.clusters[0]!);
    const run = calls().filter((line) => !line.startsWith('version'));
    // The file is in a folder that lives as long as the call.
    const lines = run.map(
      (line) => `${mesh.controlPlane.istio.program} ${line.replace(/\S+\/east\.yaml/, 'east.yaml')}`,
    );
    expect(planned.map((one) => one.command.join(' ')).sort()).toEqual(lines.sort());
  });

  // Which charts and profiles there are was seen in the trees of Istio's tags 1.18.0 to 1.31.0-rc.0, and rendered by Helm 3.18.
  test.each([
    ['1.18.0', 'istiod-remote', undefined],
    ['1.23.6', 'istiod-remote', undefined],
    ['1.24.0', 'istiod', 'remote'],
    ['1.31.0', 'istiod', 'remote'],
  ])('has for a remote of Istio %s the chart %s by Helm', async (version, chart, profile) => {
    const mesh = meshWith({ installer: 'helm', program: program('v3.18.0'), version, revision: 'canary' });
    await renderManifest(mesh, mesh.clusters[1]!, '192.168.49.20');
    const charts = calls().flatMap((line) => /^template (\S+) (\S+) --repo/.exec(line)?.[2] ?? []);
    expect(charts.sort()).toEqual(chart === 'istiod' ? ['base', 'istiod'] : ['istiod-remote']);
    const given = parse(readFileSync(join(folder, 'given.yaml'), 'utf8'));
    expect(given.profile).toBe(profile);
    expect(given).toMatchObject({
      revision: 'canary',
      defaultRevision: '',
      istiodRemote: {},
      global: { tag: version, configValidation: true },
    });
    // istioctl has the profile in all of them.
    mesh.controlPlane.istio.installer = 'istioctl';
    expect(istioOperator(mesh, mesh.clusters[1]!, version)).toMatchObject({
      spec: { profile: 'remote', tag: version },
    });
  });

  test('knows a folder of charts by what is in it', async () => {
    const [sources, unpacked] = [join(folder, 'sources'), join(folder, 'unpacked')];
    for (const path of [join(sources, 'istiod-remote'), join(unpacked, 'istiod')]) mkdirSync(path, { recursive: true });
    const chartsIn = async (charts: string) => {
      const mesh = meshWith({ installer: 'helm', program: program('v3.18.0'), charts });
      await Promise.all(mesh.clusters.map((one) => renderManifest(mesh, one)));
      const called = calls().flatMap((line) => /^template \S+ (\S+) --name/.exec(line)?.[1] ?? []);
      return [...new Set(called)].filter((one) => one.startsWith(charts)).map((one) => one.slice(charts.length + 1));
    };
    expect((await chartsIn(sources)).sort()).toEqual(['base', 'istio-control/istio-discovery', 'istiod-remote']);
    expect((await chartsIn(unpacked)).sort()).toEqual(['base', 'istiod']);
  });

  test('that is missing, silent or too old is told with what to do', async () => {
    await expect(istioVersionOf(meshWith({ program: join(folder, 'none') }))).rejects.toMatchObject({
      code: 'istio.no-installer',
      fix: expect.stringContaining('spec.controlPlane.program'),
    });
    await expect(istioVersionOf(meshWith({ program: program('?') }))).rejects.toMatchObject({
      code: 'istio.no-version',
    });
    await expect(istioVersionOf(meshWith({ program: program(says('1.17.8')) }))).rejects.toMatchObject({
      code: 'istio.too-old',
    });
    expect(await istioVersionOf(meshWith({ program: program(says('1.18.0')) }))).toBe('1.18.0');
  });

  test('that fails is quoted', async () => {
    const path = program(says('1.30.0'));
    writeFileSync(
      path,
      `#!/bin/sh\n[ "$1" = version ] && echo '${says('1.30.0')}' && exit 0\necho 'unknown field "x"' >&2; exit 1\n`,
    );
    const mesh = meshWith({ program: path });
    await expect(renderManifest(mesh, mesh.clusters[0]!)).rejects.toMatchObject({
      code: 'istio.render',
      why: 'unknown field "x"',
    });
  });
});

describe('values', () => {
  test('a primary with remotes is their control plane too; a remote is led to it', () => {
    const mesh = meshWith({ upstreamEnvoy: false });
    const [east, west] = mesh.clusters as [Mesh['clusters'][0], Mesh['clusters'][0]];
    expect(istioValues(mesh, east).values['global']).toMatchObject({
      meshID: 'mesh1',
      multiCluster: { clusterName: 'east' },
      network: 'network1',
      externalIstiod: true,
    });
    expect(istioValues(mesh, west, '192.168.49.20').values).toMatchObject({
      global: { remotePilotAddress: '192.168.49.20' },
      istiodRemote: { injectionPath: '/inject/cluster/west/net/network2' },
    });
    expect(istioOperator(mesh, west, '1.31.0')).toMatchObject({ spec: { profile: 'remote' } });
  });

  test('what upstream Envoy lacks is off for it alone', () => {
    const of = (upstreamEnvoy: boolean) => {
      const mesh = meshWith({ upstreamEnvoy });
      return istioValues(mesh, mesh.clusters[0]!).values;
    };
    expect(of(true)).toMatchObject({
      pilot: { env: { PILOT_ENABLE_METADATA_EXCHANGE: 'false', PILOT_ENABLE_ALPN_FILTER: 'false' } },
      telemetry: { v2: { prometheus: { enabled: false } } },
    });
    expect(of(false)['telemetry']).toBeUndefined();
    expect(of(false)['pilot'].env).not.toHaveProperty('PILOT_ENABLE_ALPN_FILTER');
  });

  test('the file’s own are laid over, leaf by leaf', () => {
    const mesh = meshWith({ values: { pilot: { env: { PILOT_DEBOUNCE_AFTER: '10ms' }, replicaCount: 2 } } });
    expect(istioValues(mesh, mesh.clusters[0]!).values['pilot']).toMatchObject({
      env: { PILOT_DEBOUNCE_AFTER: '10ms', DEFAULT_WORKLOAD_CERT_TTL: '86400s' },
      replicaCount: 2,
    });
  });
});

test('objects are without what others write, and namespaces are not among them', () => {
  const objects = objectsOf(`---
kind: Namespace
metadata: {name: istio-system}
---
# a comment alone
---
kind: ClusterRole
metadata: {name: istio-reader-clusterrole-istio-system, creationTimestamp: null}
---
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector}
webhooks: [{name: a, clientConfig: {caBundle: "", service: {name: istiod}}}, {name: b, clientConfig: {caBundle: eA==}}]
---
kind: CustomResourceDefinition
metadata: {name: gateways.networking.istio.io}
spec: {versions: [{name: v1alpha3, served: true}, {name: v1beta1, served: true}]}
status: {conditions: []}
`);
  expect(objects.map(({ kind }) => kind)).toEqual([
    'ClusterRole',
    'MutatingWebhookConfiguration',
    'CustomResourceDefinition',
  ]);
  expect(objects[0]).toEqual({ kind: 'ClusterRole', metadata: { name: 'istio-reader-clusterrole-istio-system' } });
  expect(objects[1]!['webhooks'].map((one: any) => one.clientConfig)).toEqual([
    { service: { name: 'istiod' } },
    { caBundle: 'eA==' },
  ]);
  expect(objects.filter(isReader)).toHaveLength(1);
  expect(objects.filter(isDefinition)[0]).not.toHaveProperty('status');
  // Istio before 1.22 has no v1.
  expect(networkingVersion(objects)).toBe('networking.istio.io/v1beta1');
  expect(networkingVersion([])).toBe('networking.istio.io/v1');
});

test('names carry the revision, unless it is the default one or the control plane is ours', () => {
  const named = (mesh: Mesh) => [istiodName(mesh), injectorName(mesh), injectionLabel(mesh), revisionLabel(mesh)];
  expect(named(meshWith({ revision: '1-30' }))).toEqual([
    'istiod-1-30',
    'istio-sidecar-injector-1-30',
    { 'istio.io/rev': '1-30' },
    { 'istio.io/rev': '1-30' },
  ]);
  const plain = ['istiod', 'istio-sidecar-injector', { 'istio-injection': 'enabled' }, {}];
  expect(named(meshWith({ revision: 'default' }))).toEqual(plain);
  expect(named(defaultMesh())).toEqual(plain);
});

test('the filter of metrics patches both directions, and believes only verified peers', () => {
  const patches: any[] = metricsFilter()['spec'].configPatches;
  expect(patches.map(({ applyTo, match }) => `${match.context} ${applyTo}`)).toEqual([
    'SIDECAR_OUTBOUND NETWORK_FILTER',
    'SIDECAR_OUTBOUND NETWORK_FILTER',
    'SIDECAR_OUTBOUND HTTP_FILTER',
    'SIDECAR_OUTBOUND ROUTE_CONFIGURATION',
    'SIDECAR_INBOUND NETWORK_FILTER',
    'SIDECAR_INBOUND NETWORK_FILTER',
    'SIDECAR_INBOUND HTTP_FILTER',
    'SIDECAR_INBOUND ROUTE_CONFIGURATION',
  ]);
  const [logger] = patches[4].patch.value.typed_config.access_log;
  const tags: { name: string; value_format: string }[] = logger.typed_config.counters[0].stat.tags;
  const of = (name: string) => tags.find((tag) => tag.name === name)?.value_format;
  expect(of('reporter')).toBe('destination');
  expect(of('source_workload')).toContain('connection.mtls &&');
  expect(of('destination_workload')).toBe("%CEL(xds.node.metadata['WORKLOAD_NAME'])%");
});
