/** Kiali on API servers whose controllers are imitated. Helm is a small script here that prints what the chart is known to make. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type ImitatedCluster, startImitatedCluster } from '../../../test/support/imitated-cluster.ts';
import { kinds, type Secret } from '../../kube/index.ts';
import { type Mesh, parseMesh } from '../../spec/index.ts';
import { kialiChartOf } from '../kiali/index.ts';
import { findObjects, isOwned, nameOf } from '../owner.ts';
import type { TrustStore } from '../part.ts';
import { planMesh } from '../plan/index.ts';
import { reconcile } from '../reconcile.ts';
import { removeAll } from '../removal/index.ts';
import { requestTokens } from '../rotation/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-kiali-'));
const namespace = 'istio-system';

const account = `
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: kiali, namespace: istio-system}
...
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: kiali}
rules: [{apiGroups: [""], resources: [pods], verbs: [get, list, watch]}]
...
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: kiali}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kiali}
subjects: [{kind: ServiceAccount, name: kiali, namespace: istio-system}]
...
`;
/** As the chart has it in every cluster, with another key each time. */
const config = `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kiali, namespace: istio-system}
data: {config.yaml: "login_token: {signing_key: RANDOM}"}
...
`;
const server = `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kiali, namespace: istio-system}
spec:
  selector: {matchLabels: {app: kiali}}
  template:
    metadata: {labels: {app: kiali}, annotations: {isthmus.dev/remotes-hash: "HASH"}}
    spec:
      serviceAccountName: kiali
      containers: [{name: kiali, image: "quay.io/kiali/kiali:v2.31"}]
      volumes: [{name: login-token-signing-key, secret: {secretName: kiali-login-token}}]
...
---
apiVersion: v1
kind: Pod
metadata: {name: kiali-test, namespace: istio-system, annotations: {helm.sh/hook: test}}
`;

const helm = join(folder, 'helm');
function setChart(ofHome: string, ofRemotes = account + config): void {
  writeFileSync(join(folder, 'home'), ofHome);
  writeFileSync(join(folder, 'remote'), ofRemotes);
}
writeFileSync(
  helm,
  `#!/bin/sh
echo "$@" >> ${folder}/calls
while [ "$1" != --values ]; do shift; done
if grep -q 'remote_cluster_resources_only: true' "$2"
then cp "$2" ${folder}/remote.yaml; sed "s/RANDOM/$$/" ${folder}/remote
else cp "$2" ${folder}/home.yaml; sed "s/HASH/$(sed -n 's/.*remotes-hash: *//p' "$2")/" ${folder}/home
fi
`,
);
chmodSync(helm, 0o755);

function meshOf(kiali: Record<string, unknown> | undefined): Mesh {
  const cluster = (name: string, role: object) => ({
    ...{ name, network: name, provider: { existing: { context: name } }, ...role },
  });
  const clusters = [cluster('east', { role: 'primary' }), cluster('west', { role: 'remote', primary: 'east' })];
  const spec = { clusters, controlPlane: 'isthmus', sample: { enabled: false }, ...(kiali ? { kiali } : {}) };
  const text = stringify({ apiVersion: 'isthmus.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'm' }, spec });
  const result = parseMesh(text, join(folder, 'mesh.yaml'), { exists: () => true });
  if ('mesh' in result) return result.mesh;
  throw new Error(result.problems.map((one) => one.message).join('; '));
}
const stated = { enabled: true, homeCluster: 'east', program: helm, chart: './kiali-server' };

let kept: Awaited<ReturnType<TrustStore['load']>>;
const trust: TrustStore = {
  load: async () => kept,
  save: async (root) => {
    kept = root;
  },
};
let clusters: ImitatedCluster[];
const east = () => clusters[0]!.client;
const west = () => clusters[1]!.client;
const targets = () =>
  clusters.map(({ name, client }, index) => ({
    name,
    connection: client.connection,
    internalServer: `https://192.168.49.${2 + index}:6443`,
  }));
const plan = (mesh = meshOf(stated)) => planMesh({ mesh, clusters: targets(), trust });
const up = (mesh = meshOf(stated)) => reconcile({ mesh, clusters: targets(), trust, timeoutMs: 20_000 });
const valuesOf = (which: 'home' | 'remote') => parse(readFileSync(join(folder, `${which}.yaml`), 'utf8'));
const hashOf = async () => {
  const { spec } = await east().get(kinds.Deployment, 'kiali', namespace);
  return (spec as any).template.metadata.annotations['isthmus.dev/remotes-hash'];
};

beforeAll(async () => {
  setChart(account + server);
  clusters = await Promise.all(['east', 'west'].map((name) => startImitatedCluster({ folder, name })));
});

afterAll(async () => {
  await Promise.all((clusters ?? []).map((one) => one.stop()));
  rmSync(folder, { recursive: true, force: true });
});

it('leaves a Secret of somebody else as it is', async () => {
  await up(meshOf(undefined));
  const metadata = { name: 'kiali-remote-cluster-secret-west', namespace };
  await east().create(kinds.Secret, { metadata, data: { west: 'eA==' } } as Secret);
  const refused = (await plan()).objects.filter((one) => one.action === 'refused');
  expect(refused.map((one) => one.object)).toEqual([`Secret ${namespace}/kiali-remote-cluster-secret-west`]);
  await expect(up()).rejects.toMatchObject({ code: 'mesh.foreign' });
  expect((await east().get<Secret>(kinds.Secret, metadata.name, namespace)).data).toEqual({ west: 'eA==' });
  await east().delete(kinds.Secret, metadata.name, namespace);
});

it('is planned object by object, and made as planned', async () => {
  const planned = (await plan()).objects.filter((one) => one.action === 'create' && one.part.startsWith('kiali'));
  expect(planned.map((one) => `${one.cluster} ${one.object}`)).toContain(
    `east Secret ${namespace}/kiali-remote-cluster-secret-west`,
  );
  await up();
  for (const { cluster, object } of planned) {
    const [kind = '', path = ''] = object.split(' ');
    const [name = '', where] = path.split('/').reverse();
    const client = cluster === 'east' ? east() : west();
    const found = await client.find((kinds as any)[kind], name, where);
    expect(found?.metadata.labels, `${cluster} ${object}`).toMatchObject({ 'app.kubernetes.io/managed-by': 'isthmus' });
  }
  expect(await east().find(kinds.Pod, 'kiali-test', namespace)).toBeUndefined();
  expect((await up()).changed).toBe(false);
  expect((await plan()).changes).toBe(false);
});

it('reads the other cluster by a kubeconfig whose names are all Istio’s name of it', async () => {
  const { metadata, data } = await east().get<Secret>(kinds.Secret, 'kiali-remote-cluster-secret-west', namespace);
  expect(metadata.labels).toMatchObject({ 'kiali.io/multiCluster': 'true' });
  expect(metadata.annotations).toMatchObject({ 'kiali.io/cluster': 'west' });
  expect(Object.keys(data ?? {})).toEqual(['west']);
  const ca = Buffer.from(clusters[1]!.ca.certPem).toString('base64');
  expect(parse(Buffer.from(data!['west']!, 'base64').toString('utf8'))).toMatchObject({
    clusters: [{ name: 'west', cluster: { server: 'https://192.168.49.3:6443', 'certificate-authority-data': ca } }],
    users: [{ name: 'west', user: { token: 'a-token' } }],
    contexts: [{ name: 'west', context: { cluster: 'west', user: 'west' } }],
    'current-context': 'west',
  });
  const token = await west().get<Secret>(kinds.Secret, 'kiali-remote-token', namespace);
  expect(token.metadata.annotations).toMatchObject({ 'kubernetes.io/service-account.name': 'kiali' });
  expect(await east().find(kinds.Secret, 'kiali-remote-token', namespace)).toBeUndefined();
  expect(await west().find(kinds.Deployment, 'kiali', namespace)).toBeUndefined();
  expect(await west().find(kinds.ConfigMap, 'kiali', namespace)).toBeUndefined();
});

it('gives Helm Kiali’s own settings for several clusters', async () => {
  const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  expect(calls.at(-1)).toMatch(
    /^template kiali-server \S+\/kiali-server --namespace istio-system --values \S+ --skip-/,
  );
  expect(valuesOf('home')).toMatchObject({
    auth: { strategy: 'anonymous' },
    clustering: { clusters: [{ name: 'west', secret_name: 'kiali-remote-cluster-secret-west' }] },
    deployment: { view_only_mode: true, remote_cluster_resources_only: false },
    external_services: {
      prometheus: { url: 'http://prometheus.istio-system:9090' },
      istio: { root_namespace: 'istio-system' },
    },
    kubernetes_config: { cluster_name: 'east' },
    login_token: { signing_key: 'secret:kiali-login-token:key' },
  });
  expect(valuesOf('remote')).toMatchObject({
    auth: { strategy: 'anonymous' },
    deployment: { view_only_mode: true, remote_cluster_resources_only: true },
  });
});

it('lays the file’s values over its own, but for what the rest is built on', async () => {
  const values = {
    external_services: { grafana: { enabled: true } },
    deployment: { replicas: 2, instance_name: 'mine' },
    clustering: { clusters: [{ name: 'far' }] },
  };
  const prometheus = 'https://metrics.example/prometheus';
  await plan(meshOf({ ...stated, viewOnly: false, auth: 'openid', prometheus, values }));
  expect(valuesOf('home')).toMatchObject({
    auth: { strategy: 'openid' },
    external_services: { grafana: { enabled: true }, prometheus: { url: prometheus } },
    deployment: { replicas: 2, instance_name: 'kiali', view_only_mode: false },
    clustering: { clusters: [{ name: 'far' }, { name: 'west' }] },
  });
});

it('starts anew when a kubeconfig changes, with the key that it has', async () => {
  const key = async () => (await east().get<Secret>(kinds.Secret, 'kiali-login-token', namespace)).data?.['key'];
  const [hash, before] = [await hashOf(), await key()];
  expect(Buffer.from(before ?? '', 'base64')).toHaveLength(32);
  const token = { data: { token: Buffer.from('another').toString('base64') } };
  await west().patch(kinds.Secret, 'kiali-remote-token', namespace, token, { type: 'merge' });
  expect((await up()).changed).toBe(true);
  expect(await hashOf()).not.toBe(hash);
  expect(await key()).toBe(before);
});

it('reads by a rotated token, and the older one is revoked', async () => {
  const tokens = async () =>
    (await west().list(kinds.Secret, { namespace })).items
      .map(({ metadata }) => metadata.name ?? '')
      .filter((name) => name.startsWith('kiali-remote-token'));
  const hash = await hashOf();
  expect(await requestTokens({ mesh: meshOf(stated), clusters: targets() })).toEqual(['west']);
  await up();
  expect(await tokens()).toEqual([expect.stringMatching(/^kiali-remote-token-\d{14}$/)]);
  expect(await hashOf()).not.toBe(hash);
  expect((await up()).changed).toBe(false);
});

it('names the chart before anything is made, or says why it will not do', async () => {
  expect(await kialiChartOf(meshOf(undefined))).toBeUndefined();
  setChart(account + server.replace('{name: kiali, ', '{name: kiali, labels: {helm.sh/chart: kiali-server-2.31.0}, '));
  expect(await kialiChartOf(meshOf(stated))).toBe('kiali-server-2.31.0');
  setChart(account + server, server);
  await expect(kialiChartOf(meshOf(stated))).rejects.toMatchObject({ code: 'kiali.too-old' });
  setChart(account + server);
});

it('refuses a chart that it could not use as it should', async () => {
  const fails = (code: string) => expect(plan()).rejects.toMatchObject({ code });
  setChart(account + server.replace('kiali-login-token', 'other'));
  await fails('kiali.too-old');
  setChart(account + server, account + server);
  await fails('kiali.too-old');
  setChart(`${account}${server}---\napiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: kiali}\n`);
  await fails('kiali.kind');
  setChart(account + server);
  await expect(plan(meshOf({ ...stated, program: './none' }))).rejects.toMatchObject({
    code: 'kiali.no-helm',
    fix: expect.stringContaining('spec.kiali.program'),
  });
  const broken = join(folder, 'broken');
  writeFileSync(broken, '#!/bin/sh\necho "Error: chart not found" >&2; exit 1\n');
  chmodSync(broken, 0o755);
  await expect(plan(meshOf({ ...stated, program: broken }))).rejects.toMatchObject({
    code: 'kiali.render',
    why: 'Error: chart not found',
  });
});

it('takes charts from a repository, an archive and a registry as Helm names them', async () => {
  const argsOf = async (more: object) => {
    await plan(meshOf({ ...stated, ...more }));
    const last = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').at(-1);
    return /template kiali-server (.*) --namespace/.exec(last ?? '')?.[1];
  };
  expect(await argsOf({ chart: undefined, version: '2.31.0' })).toMatch(
    /^kiali-server --repo https:\S+ --version 2.31.0$/,
  );
  expect(await argsOf({ chart: 'https://charts.example/kiali' })).toBe(
    'kiali-server --repo https://charts.example/kiali',
  );
  expect(await argsOf({ chart: 'https://charts.example/k.tgz' })).toBe('https://charts.example/k.tgz');
  expect(await argsOf({ chart: 'oci://r.example/kiali-server' })).toBe('oci://r.example/kiali-server');
});

it('goes with a file that does not ask for it, and with the mesh', async () => {
  const kialiIn = async () => {
    const lists = await Promise.all(
      [east(), west()].flatMap((client) =>
        [kinds.Deployment, kinds.Secret, kinds.ServiceAccount, kinds.ClusterRole, kinds.ClusterRoleBinding].map(
          async (kind) => (await client.list(kind)).items,
        ),
      ),
    );
    return lists.flat().filter(({ metadata }) => metadata.name?.startsWith('kiali'));
  };
  expect((await kialiIn()).length).toBeGreaterThan(9);
  await up(meshOf(undefined));
  expect(await kialiIn()).toEqual([]);
  await up();
  for (const client of [west(), east()]) await removeAll(client, { signal: new AbortController().signal });
  expect(await kialiIn()).toEqual([]);
});

it('is at home outside of the mesh too: it reads all clusters from there, and nothing else is put into it', async () => {
  const outside = await startImitatedCluster({ folder, name: 'mgmt' });
  try {
    const target = { name: 'mgmt', connection: outside.client.connection, internalServer: 'https://192.0.2.9:6443' };
    const { homeCluster: _home, ...rest } = stated;
    const managementCluster = { name: 'mgmt', context: 'kind-mgmt' };
    const mesh = meshOf({ ...rest, managementCluster, prometheus: 'http://prometheus.example:9090' });
    const all = () => ({ mesh, clusters: [...targets(), target], trust });
    const planned = (await planMesh(all())).objects.filter((one) => one.cluster === 'mgmt');
    await reconcile({ ...all(), timeoutMs: 20_000 });
    const found = await findObjects(outside.client, isOwned);
    expect(found.map(({ object }) => nameOf(object)).sort()).toEqual(planned.map((one) => one.object).sort());
    expect(found.map(({ object }) => nameOf(object))).toEqual([
      `Deployment ${namespace}/kiali`,
      ...['kiali-login-token', 'kiali-remote-cluster-secret-east', 'kiali-remote-cluster-secret-west'].map(
        (name) => `Secret ${namespace}/${name}`,
      ),
      ...['ClusterRoleBinding kiali', 'ClusterRole kiali', `ServiceAccount ${namespace}/kiali`],
      `Namespace ${namespace}`,
    ]);
    expect(await east().find(kinds.Deployment, 'kiali', namespace)).toBeUndefined();
    expect(valuesOf('home')).toMatchObject({
      clustering: { ignore_home_cluster: true, clusters: [{ name: 'east' }, { name: 'west' }] },
      kubernetes_config: { cluster_name: 'mgmt' },
      external_services: { prometheus: { url: 'http://prometheus.example:9090' } },
    });
    expect((await reconcile({ ...all(), timeoutMs: 20_000 })).changed).toBe(false);
    expect((await planMesh(all())).changes).toBe(false);
    expect(await requestTokens({ mesh, clusters: targets() })).toEqual(['east', 'west']);
    await reconcile({ ...all(), timeoutMs: 20_000 });
    await removeAll(outside.client, { signal: new AbortController().signal });
    expect(await findObjects(outside.client, isOwned)).toEqual([]);
  } finally {
    await outside.stop();
  }
});
