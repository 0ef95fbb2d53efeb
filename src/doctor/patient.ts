/** The clusters as checks see them: objects, read once each, and what is known of their control planes. Nothing is changed. */
import { messageOf } from '../errors/index.ts';
import { isNotFound, type Kind, type KubeClient, type KubeObject, kinds, type Pod } from '../kube/index.ts';

export interface ExaminedCluster {
  /** As people call it: a context's name. */
  name: string;
  client: KubeClient;
  /** It is looked at for what serves the mesh from there, as Kiali does, and is no cluster of it. */
  outside?: boolean;
  /** Why it need not be asked: it is known to give no answer. */
  silence?: string | undefined;
  /** All objects of a kind, where somebody watches it already; undefined for what must be asked. */
  held?: ((kind: Kind) => KubeObject[] | undefined) | undefined;
}

export interface ClusterView {
  name: string;
  client: KubeClient;
  /** Istio's ID of it. */
  id: string;
  /** Of the pod, where istiod runs here. */
  istiod: Pod | undefined;
  list<T extends KubeObject>(kind: Kind, namespace?: string): Promise<T[]>;
  find<T extends KubeObject>(kind: Kind, name: string, namespace?: string): Promise<T | undefined>;
}

export interface Patient {
  /** Those of the mesh that answer. */
  clusters: ClusterView[];
  /** Those outside of it that answer. */
  outside: ClusterView[];
  primaries: ClusterView[];
  /** istio-system, or where istiod was found. */
  system: string;
  /** A debug page of the istiod of a cluster: a list, or undefined where it is not shown. Read once, unless it is wanted anew. */
  debug(cluster: ClusterView, page: string, anew?: boolean): Promise<any[] | undefined>;
  unread: { cluster: string; what: string; why: string }[];
  signal: AbortSignal;
  /** What was sent a moment ago may be on its way. */
  graceMs: number;
}

const longestMs = 15_000;

export async function examine(
  clusters: readonly ExaminedCluster[],
  signal: AbortSignal,
  graceMs: number,
): Promise<Patient> {
  const unread: Patient['unread'] = [];
  const views = await Promise.all(clusters.map((one) => viewOf(one, unread, signal)));
  const isOutside = (name: string): boolean => clusters.some((one) => one.name === name && one.outside);
  const all = views.filter((one) => one !== undefined);
  const answering = all.filter((one) => !isOutside(one.name));
  const primaries = answering.filter((one) => one.istiod);
  const system = primaries[0]?.istiod?.metadata.namespace ?? 'istio-system';
  const pages = new Map<string, Promise<any[] | undefined>>();
  return {
    clusters: answering,
    outside: all.filter((one) => isOutside(one.name)),
    primaries,
    system,
    unread,
    signal,
    graceMs,
    debug(cluster, page, anew = false) {
      const key = `${cluster.name} ${page}`;
      const known = (anew ? undefined : pages.get(key)) ?? debugPage(cluster, page, signal);
      pages.set(key, known);
      return known;
    },
  };
}

async function viewOf(
  { name, client, silence, held }: ExaminedCluster,
  unread: Patient['unread'],
  signal: AbortSignal,
): Promise<ClusterView | undefined> {
  if (silence) {
    unread.push({ cluster: name, what: 'all', why: silence });
    return undefined;
  }
  const lists = new Map<string, Promise<KubeObject[]>>();
  const list = <T extends KubeObject>(kind: Kind, namespace?: string): Promise<T[]> => {
    const watched = held?.(kind);
    if (watched)
      return Promise.resolve(watched.filter((one) => !namespace || one.metadata.namespace === namespace) as T[]);
    const key = [kind.group, kind.plural, namespace].join(' ');
    const known =
      lists.get(key) ??
      within(client.list<T>(kind, namespace ? { namespace } : {}), signal).then(
        ({ items }) => items,
        (error) => {
          if (!isNotFound(error)) unread.push({ cluster: name, what: kind.plural, why: messageOf(error) });
          return [];
        },
      );
    lists.set(key, known);
    return known as Promise<T[]>;
  };
  const pods = await list<Pod>(kinds.Pod);
  // One that does not even show its pods is not judged by what it does not show.
  if (unread.some((one) => one.cluster === name)) return undefined;
  const isReady = (pod: Pod) =>
    (pod['status']?.conditions ?? []).some((one: any) => one.type === 'Ready' && one.status === 'True');
  const istiod = pods.find((one) => one.metadata.labels?.['app'] === 'istiod' && isReady(one));
  const ids = [
    istiod && envOf(istiod, 'discovery', 'CLUSTER_ID'),
    ...pods.map((pod) => envOf(pod, 'istio-proxy', 'ISTIO_META_CLUSTER_ID')),
  ];
  return {
    name,
    client,
    istiod,
    id: ids.find((one) => one !== undefined) ?? name,
    list,
    find: async <T extends KubeObject>(kind: Kind, object: string, namespace?: string) =>
      (await list<T>(kind, namespace)).find(
        (one) => one.metadata.name === object && one.metadata.namespace === namespace,
      ),
  };
}

/** Istio's own istiod shows its pages to its own pod alone; then they are asked for there. */
async function debugPage(cluster: ClusterView, page: string, signal: AbortSignal): Promise<any[] | undefined> {
  const { namespace = '', name = '' } = cluster.istiod?.metadata ?? {};
  const path = `/api/v1/namespaces/${namespace}/pods/${name}:8080/proxy/debug/${page}`;
  const direct = await within(cluster.client.request('GET', path, { signal }), signal).catch(() => undefined);
  if (Array.isArray(direct)) return direct;
  const command = ['pilot-discovery', 'request', 'GET', `/debug/${page}`];
  const inside = await cluster.client
    .exec({ namespace, pod: name, container: 'discovery', command, timeoutMs: longestMs, signal })
    .catch(() => undefined);
  try {
    const parsed = JSON.parse(inside?.stdout ?? '');
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** A cluster that does not answer must not hold up what is known of the others. */
async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(longestMs)]);
  const { promise, reject } = Promise.withResolvers<never>();
  const give = () => reject(new Error(signal.aborted ? 'interrupted' : `no answer within ${longestMs / 1000} s`));
  late.addEventListener('abort', give, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    late.removeEventListener('abort', give);
  }
}

/** A variable of a container's environment, as it is written; undefined where it is not there or is taken from elsewhere. */
export function envOf(pod: Pod, container: string, name: string): string | undefined {
  const all: any[] = [...(pod.spec['containers'] ?? []), ...(pod.spec['initContainers'] ?? [])];
  const found = all.find((one) => one.name === container)?.env?.find((one: any) => one.name === name);
  return found?.value;
}

export const hasProxy = (pod: Pod): boolean =>
  [...(pod.spec['containers'] ?? []), ...(pod.spec['initContainers'] ?? [])].some(
    (one: any) => one.name === 'istio-proxy',
  );

/** Network of a cluster: the label of its system namespace. */
export async function networkOf(patient: Patient, cluster: ClusterView): Promise<string> {
  const namespace = await cluster.find(kinds.Namespace, patient.system);
  return namespace?.metadata.labels?.['topology.istio.io/network'] ?? '';
}
