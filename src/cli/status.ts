/** Reads what stands, from the clusters and from the machine. Nothing is remembered: every answer is of now. */
import { worldStatus } from '../embedded/world/index.ts';
import { messageOf } from '../errors/index.ts';
import { type Deployment, KubeClient, kinds, type Pod, type Secret, type Service } from '../kube/index.ts';
import { kialiName, type RemoteToken, remoteTokens, whyNotAvailable } from '../mesh/index.ts';
import { readCertificate } from '../pki/index.ts';
import { findClusters, findManagement, type ProvidedCluster } from '../providers/index.ts';
import { type Mesh, type MeshCluster, primariesOf } from '../spec/index.ts';
import { findConsole, memoryOfConsole } from './console-process.ts';

export interface MeshStatus {
  mesh: string;
  meshID: string;
  trustDomain: string;
  home: string;
  /** Where the console answers; undefined where none runs. */
  console: string | undefined;
  /** Every cluster answers, every pod is ready, and every control plane has read the clusters it serves. */
  healthy: boolean;
  clusters: ClusterStatus[];
  controlPlanes: ControlPlaneStatus[];
  /** By which primaries read other clusters; null for one that does not expire. */
  tokens: { cluster: string; reader: string; notAfter: string | null; problem?: string }[];
  /** Undefined where the mesh file does not ask for it. */
  kiali: { cluster: string; ready: boolean; problem?: string } | undefined;
  /** Bytes, shared memory counted by share (PSS). */
  memory: { name: string; processes: number; bytes: number }[];
  memoryTotal: number;
}

export interface ClusterStatus {
  name: string;
  role: string;
  network: string;
  /** For this machine. */
  server: string;
  /** For other clusters. */
  internalServer: string;
  version: string | undefined;
  gatewayAddress: string | undefined;
  pods: { ready: number; total: number } | undefined;
  certificates: { kind: string; subject: string; notAfter: string }[];
  healthy: boolean;
  problems: string[];
}

export interface ControlPlaneStatus {
  cluster: string;
  version: string | undefined;
  serves: { cluster: string; state: string; synced: boolean; proxies: number | undefined }[];
  problem: string | undefined;
}

const istioSystem = 'istio-system';
/** istiod's plain port for its debug pages, which the API server reaches through the pod's proxy. */
const debugPorts = [8080, 15014];

export async function readStatus(mesh: Mesh, home: string, signal: AbortSignal): Promise<MeshStatus> {
  const [provided, world, console] = await Promise.all([
    findClusters(mesh, { home }),
    worldStatus(home),
    findConsole(home),
  ]);
  const ofConsole = (console && (await memoryOfConsole(console))) ?? 0;
  const reachable = AbortSignal.any([signal, AbortSignal.timeout(15_000)]);
  const clusters = await Promise.all(
    mesh.clusters.map((cluster, index) => readCluster(cluster, provided[index]!, reachable)),
  );
  const tokens = await Promise.all(
    primariesOf(mesh).map((primary) => readTokens(provided.find((one) => one.name === primary.name)!)),
  );
  const controlPlanes = await Promise.all(
    primariesOf(mesh).map((primary) => readControlPlane(provided.find((one) => one.name === primary.name)!, reachable)),
  );
  const kiali = await readKiali(mesh, provided);
  return {
    mesh: mesh.name,
    meshID: mesh.meshID,
    trustDomain: mesh.trustDomain,
    home,
    console: console?.url,
    healthy:
      clusters.every((cluster) => cluster.healthy) &&
      kiali?.ready !== false &&
      controlPlanes.every((plane) => plane.problem === undefined && plane.serves.every((served) => served.synced)),
    clusters,
    controlPlanes,
    tokens: tokens.flat(),
    kiali,
    memory: [...world.memory, ...(console ? [{ name: 'console', processes: 1, bytes: ofConsole }] : [])],
    memoryTotal: world.totalBytes + ofConsole,
  };
}

async function readKiali(mesh: Mesh, provided: ProvidedCluster[]): Promise<MeshStatus['kiali']> {
  if (!mesh.kiali) return undefined;
  const cluster = mesh.kiali.homeCluster;
  try {
    const home = provided.find((one) => one.name === cluster) ?? (await findManagement(mesh))[0]!;
    await using client = new KubeClient({ ...home.connection, name: cluster });
    const lack = whyNotAvailable(await client.find<Deployment>(kinds.Deployment, kialiName, istioSystem));
    return { cluster, ready: lack === undefined, ...(lack ? { problem: lack.why } : {}) };
  } catch (error) {
    return { cluster, ready: false, problem: messageOf(error) };
  }
}

async function readCluster(
  cluster: MeshCluster,
  provided: ProvidedCluster,
  signal: AbortSignal,
): Promise<ClusterStatus> {
  await using client = new KubeClient(provided.connection);
  const result: ClusterStatus = {
    name: cluster.name,
    role: cluster.role,
    network: cluster.network,
    server: provided.connection.server,
    internalServer: provided.internalServer,
    version: undefined,
    gatewayAddress: undefined,
    pods: undefined,
    certificates: [],
    healthy: false,
    problems: [],
  };
  try {
    result.version = (await client.request('GET', '/version', { signal })).gitVersion;
    const [pods, gateway, cacerts] = await Promise.all([
      client.list<Pod>(kinds.Pod),
      client.find<Service>(kinds.Service, 'istio-eastwestgateway', istioSystem),
      client.find<Secret>(kinds.Secret, 'cacerts', istioSystem),
    ]);
    result.pods = { ready: pods.items.filter(isReady).length, total: pods.items.length };
    result.gatewayAddress =
      gateway?.status?.loadBalancer?.ingress?.[0]?.ip ?? gateway?.status?.loadBalancer?.ingress?.[0]?.hostname;
    result.certificates = certificatesOf(cacerts);
    result.problems.push(
      ...pods.items.filter((pod) => !isReady(pod)).map(describeUnready),
      ...(gateway && !result.gatewayAddress ? [`${istioSystem}/istio-eastwestgateway has no address`] : []),
    );
  } catch (error) {
    result.problems.push(messageOf(error));
  }
  result.healthy = result.problems.length === 0;
  return result;
}

function isReady(pod: Pod): boolean {
  const status = pod['status'];
  if (status?.phase === 'Succeeded') return true;
  return (status?.conditions ?? []).some((one: any) => one.type === 'Ready' && one.status === 'True');
}

function describeUnready(pod: Pod): string {
  const status = pod['status'] ?? {};
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const waiting = containers.find((one: any) => one.state?.waiting?.reason && !one.ready);
  const reason = waiting
    ? `${waiting.name}: ${[waiting.state.waiting.reason, waiting.state.waiting.message].filter(Boolean).join(': ')}`
    : `phase ${status.phase ?? 'unknown'}`;
  return `pod ${pod.metadata.namespace}/${pod.metadata.name} is not ready (${reason})`;
}

function certificatesOf(cacerts: Secret | undefined): ClusterStatus['certificates'] {
  return [
    ['root', 'root-cert.pem'],
    ['intermediate', 'ca-cert.pem'],
  ].flatMap(([kind, key]) => {
    const data: string | undefined = cacerts?.['data']?.[key!];
    if (!data) return [];
    const { subject, notAfter } = readCertificate(Buffer.from(data, 'base64').toString('utf8'));
    return [{ kind: kind!, subject, notAfter: notAfter.toISOString() }];
  });
}

async function readTokens(primary: ProvidedCluster): Promise<MeshStatus['tokens']> {
  await using client = new KubeClient({ ...primary.connection, name: primary.name });
  const found = await remoteTokens(client).catch((): RemoteToken[] => []); // that it does not answer is said of the cluster itself
  return found.map(({ notAfter, ...token }) => ({ ...token, notAfter: notAfter?.toISOString() ?? null }));
}

async function readControlPlane(primary: ProvidedCluster, signal: AbortSignal): Promise<ControlPlaneStatus> {
  await using client = new KubeClient(primary.connection);
  const result: ControlPlaneStatus = { cluster: primary.name, version: undefined, serves: [], problem: undefined };
  try {
    const selection = { namespace: istioSystem, labelSelector: 'app=istiod' };
    const [deployment] = (await client.list<Deployment>(kinds.Deployment, selection)).items;
    if (!deployment) return { ...result, problem: `there is no deployment of istiod in ${istioSystem}` };
    result.version = deployment['spec']?.template?.spec?.containers?.[0]?.image?.split(':').at(-1);
    const { items } = await client.list<Pod>(kinds.Pod, selection);
    const pod = items.find(isReady);
    if (!pod) return { ...result, problem: 'no pod of istiod is ready' };
    const [clusters, proxies] = await Promise.all([
      askIstiod(client, pod, '/debug/clusterz', signal),
      askIstiod(client, pod, '/debug/syncz', signal).catch(() => undefined),
    ]);
    result.serves = asArray(clusters).map((one: any) => ({
      cluster: String(one.id ?? one.clusterID ?? '?'),
      state: String(one.syncStatus ?? 'unknown'),
      synced: one.syncStatus === 'synced',
      proxies:
        proxies === undefined ? undefined : asArray(proxies).filter((proxy: any) => proxy.cluster_id === one.id).length,
    }));
  } catch (error) {
    result.problem = messageOf(error);
  }
  return result;
}

async function askIstiod(client: KubeClient, pod: Pod, path: string, signal: AbortSignal): Promise<unknown> {
  let refusal: unknown;
  for (const port of debugPorts) {
    try {
      return await client.request(
        'GET',
        `/api/v1/namespaces/${istioSystem}/pods/${pod.metadata.name}:${port}/proxy${path}`,
        { signal },
      );
    } catch (error) {
      refusal ??= error;
    }
  }
  // Istio's own shows these pages only to who asks inside of its pod.
  const { exitCode, stdout } = await client.exec({
    namespace: istioSystem,
    pod: pod.metadata.name ?? '',
    container: 'discovery',
    command: ['pilot-discovery', 'request', 'GET', path],
    timeoutMs: 10_000,
    signal,
  });
  if (exitCode === 0) return JSON.parse(stdout);
  throw refusal;
}

/** Istio answers some pages with null where there is nothing. */
function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
