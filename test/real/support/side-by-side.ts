/**
 * Istio's control plane beside ours, on one API server of our own: both read the same planted objects and serve the same made-up nodes. No
 * proxy, no pod and no network is needed, so that much configuration can be compared in seconds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { parseAllDocuments } from 'yaml';
import type { MeshSnapshot } from '../../../src/embedded/istiod/model.ts';
import {
  clustersFor,
  endpointsFor,
  listenersFor,
  routesFor,
  typeUrls,
} from '../../../src/embedded/istiod/networking/index.ts';
import { MeshRegistry } from '../../../src/embedded/istiod/registry/index.ts';
import { settingsFrom } from '../../../src/embedded/istiod/settings.ts';
import { proxyOf } from '../../../src/embedded/istiod/xds/proxy.ts';
import { decodeMessage, encodeMessage } from '../../../src/embedded/proto/index.ts';
import { KubeApiError, type KubeClient, type KubeObject, kinds } from '../../../src/kube/index.ts';
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts';
import { root } from '../../support/isthmus.ts';
import { type AdsNode, fetchAll, namesAsked, type Served } from './ads-client.ts';
import { ensureBinaries } from './binaries.ts';

export interface SideBySide extends AsyncDisposable {
  client: KubeClient;
  istio(node: AdsNode): Promise<Served>;
  isthmus(node: AdsNode): Served;
}

const system = 'istio-system';

/**
 * @param planted YAML documents of all objects; namespaces among them. @param mesh the mesh configuration, as YAML.
 * @param gatewayApi whether both read the Gateway API
 */
export async function startSideBySide(planted: string, mesh: string, gatewayApi = false): Promise<SideBySide> {
  const { 'pilot-discovery': program } = await ensureBinaries(['pilot-discovery'], console.log);
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-beside-'));
  const api = await startTestApiServer({ folder, name: 'east' });
  const meshFile = join(folder, 'mesh');
  writeFileSync(meshFile, mesh);
  await plant(api.client, planted, gatewayApi);
  const pilot = await startPilot(program, folder, meshFile, api, gatewayApi);
  const settings = settingsFrom({ CLUSTER_ID: 'east', MESH_CONFIG_FILE: meshFile });
  const registry = new MeshRegistry(api.client, settings, () => {});
  await registry.start();
  return {
    client: api.client,
    istio: (node) => fetchAll(`127.0.0.1:${pilot.port}`, node),
    isthmus: (node) => served(registry.current(), node),
    async [Symbol.asyncDispose]() {
      await registry.stop();
      // It does not end on SIGTERM.
      pilot.process.kill('SIGKILL');
      await api.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function plant(client: KubeClient, planted: string, gatewayApi: boolean): Promise<void> {
  const definitions = ['istio', ...(gatewayApi ? ['gateway'] : [])].flatMap((name): KubeObject[] => {
    const file = join(root, `src/mesh/generated/${name}-crds.json.gz`);
    return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
  });
  for (const object of definitions) await put(client, object);
  const objects = parseAllDocuments(planted)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
  // One after the other, since the older of two is believed, and some refer to others.
  for (const object of objects) {
    if (object.kind === 'Pod') await account(client, object);
    await put(client, object);
  }
}

/** No controller makes accounts here, and pods are admitted with theirs only. */
async function account(client: KubeClient, { metadata, spec }: KubeObject): Promise<void> {
  const named = { name: spec.serviceAccountName as string, namespace: metadata.namespace ?? '' };
  if (!(await client.find(kinds.ServiceAccount, named.name, named.namespace)))
    await client.create(kinds.ServiceAccount, { metadata: named });
}

/** A definition that is being stored takes no objects yet. */
async function put(client: KubeClient, object: KubeObject): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      const kind = await client.kindOf(object.apiVersion!, object.kind!);
      const made = await client.create(kind, object);
      if (object['status'])
        await client.patch(
          kind,
          made.metadata.name ?? '',
          made.metadata.namespace,
          { status: object['status'] },
          { type: 'merge', subresource: 'status' },
        );
      return;
    } catch (error) {
      const notYet = error instanceof KubeApiError && (error.status === 404 || error.status === 429);
      if (!notYet || Date.now() > until) throw error;
      await pause(100);
    }
  }
}

async function startPilot(
  program: string,
  folder: string,
  meshFile: string,
  api: TestApiServer,
  gatewayApi: boolean,
): Promise<{ process: ChildProcess; port: number }> {
  const [grpc, secure, https, http, monitoring] = await Promise.all([1, 2, 3, 4, 5].map(freePort));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, api.kubeconfig, { mode: 0o600 });
  const cwd = join(folder, 'pilot');
  mkdirSync(cwd);
  const log = openSync(join(folder, 'pilot.log'), 'w', 0o600);
  const args = [
    'discovery',
    ...['--kubeconfig', kubeconfig, '--meshConfig', meshFile, '--domain', 'cluster.local'],
    ...['--grpcAddr', `127.0.0.1:${grpc}`, '--secureGRPCAddr', `127.0.0.1:${secure}`],
    ...['--httpsAddr', `127.0.0.1:${https}`, '--httpAddr', `127.0.0.1:${http}`],
    ...['--monitoringAddr', `127.0.0.1:${monitoring}`, '--ctrlz_port', '0'],
  ];
  const env = {
    PATH: process.env['PATH'] ?? '',
    CLUSTER_ID: 'east',
    POD_NAME: 'istiod-0',
    POD_NAMESPACE: system,
    REVISION: 'default',
    PILOT_CERT_PROVIDER: 'istiod',
    // What upstream Envoy, and ours, does not have.
    PILOT_ENABLE_METADATA_EXCHANGE: 'false',
    PILOT_ENABLE_ALPN_FILTER: 'false',
    PILOT_ENABLE_GATEWAY_API: String(gatewayApi),
    PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER: 'false',
    ROOT_CA_DIR: join(cwd, 'cacerts'),
  };
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', log, log] });
  const until = Date.now() + 60_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${http}/ready`).catch(() => undefined);
    if (answer?.ok) return { process: child, port: grpc! };
    if (child.exitCode !== null || Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`istiod is not ready: ${readFileSync(join(folder, 'pilot.log'), 'utf8').slice(-2_000)}`);
    }
    await pause(100);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Encoded and read back, so that both sides are in the same notation. */
function served(snapshot: MeshSnapshot, node: AdsNode): Served {
  const proxy = proxyOf({ ...node, cluster: '' }, snapshot);
  const again = (url: string, resource: any): any => {
    const name = url.replace('type.googleapis.com/', '');
    return decodeMessage(name, encodeMessage(name, resource));
  };
  const list = (url: string, resources: any[]) =>
    new Map(resources.filter(Boolean).map((one) => [one.name ?? one.cluster_name, again(url, one)]));
  const clusters = list(typeUrls.cluster, clustersFor(snapshot, proxy));
  const listeners = list(typeUrls.listener, listenersFor(snapshot, proxy));
  const { endpoints, routes } = namesAsked(clusters, listeners);
  return {
    clusters,
    listeners,
    endpoints: list(
      typeUrls.endpoint,
      endpoints.map((name) => endpointsFor(snapshot, proxy, name)),
    ),
    routes: list(
      typeUrls.route,
      routes.map((name) => routesFor(snapshot, proxy, name)),
    ),
  };
}
