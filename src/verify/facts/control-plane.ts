import { kinds, type Pod } from '../../kube/index.ts';
import { systemNamespace } from '../../mesh/index.ts';
import { primariesOf, remotesOf } from '../../spec/index.ts';
import { type Claim, fail, pass, type VerifyContext } from '../fact.ts';
import { findPod, nameOf, throughApi } from '../pods.ts';
import { isProbe } from '../probe.ts';
import { remoteSecretFault } from '../remote-secret.ts';
import { until } from '../until.ts';

/** Reads a debug page of the istiod of a primary: through the API server, or inside of its pod where it answers nobody else. */
async function debugPage(context: VerifyContext, primary: string, page: string): Promise<any[]> {
  const pod = nameOf(await findPod(context.client(primary), systemNamespace, 'app=istiod'));
  const path = `pods/${pod}:8080/proxy/debug/${page}`;
  const answer = await throughApi(context, primary, systemNamespace, path).catch(() => undefined);
  if (answer !== undefined) {
    const list = typeof answer === 'string' ? parseList(answer) : answer;
    if (Array.isArray(list)) return list;
  }
  const { stdout, stderr } = await context.client(primary).exec({
    namespace: systemNamespace,
    pod,
    container: 'discovery',
    command: ['pilot-discovery', 'request', 'GET', `/debug/${page}`],
    timeoutMs: 10_000,
    signal: context.signal,
  });
  const list = parseList(stdout);
  if (list) return list;
  throw new Error(`istiod of ${primary} does not show /debug/${page}: ${(stderr || stdout).trim().slice(0, 200)}`);
}

function parseList(text: string): any[] | undefined {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The istiod of each primary knows every other cluster and has synced it, and its credentials are good. */
export function remotesSynced(context: VerifyContext): Claim[] {
  const primaries = primariesOf(context.mesh);
  return primaries.flatMap((primary) =>
    context.mesh.clusters
      .filter((one) => one.name !== primary.name)
      .map((remote) => ({
        id: `remote-synced/${primaries.length > 1 ? `${primary.name}-` : ''}${remote.name}`,
        title: `istiod of ${primary.name} has synced ${remote.name}`,
        clusters: [primary.name, remote.name],
        expected: `synced, and the token that it uses is accepted by ${remote.name}`,
        async measure() {
          const [clusters, fault] = await Promise.all([
            debugPage(context, primary.name, 'clusterz'),
            remoteSecretFault(context, primary.name, remote),
          ]);
          const found = clusters.find((one) => one.id === remote.name);
          const measured = found ? String(found.syncStatus) : 'the cluster is not known';
          if (fault) return fail(measured, fault);
          const log = `isthmus logs ${primary.name} ${systemNamespace}/POD, where POD is istiod's`;
          if (!found)
            return fail(measured, { why: 'its kubeconfig was refused, or is of another cluster too', fix: log });
          if (found.syncStatus !== 'synced' || found.lastError)
            return fail(measured, { why: found.lastError ?? 'its API server does not answer istiod', fix: log });
          return pass(`synced by Secret ${found.secretName}`);
        },
      })),
  );
}

const types = ['cluster', 'listener', 'route', 'endpoint'];

/** Every proxy is connected and has accepted what it was last sent. */
export function proxiesSynced(context: VerifyContext): Claim[] {
  return primariesOf(context.mesh).map((primary) => {
    const members = [primary, ...remotesOf(context.mesh, primary.name)].map((one) => one.name);
    return {
      id: `proxies-synced/${primary.name}`,
      title: `all proxies of ${primary.name}'s mesh have accepted their configuration`,
      clusters: members,
      expected: 'every pod with a proxy is connected and has acknowledged every type',
      async measure() {
        const look = async () => {
          const [connected, wanted] = await Promise.all([
            debugPage(context, primary.name, 'syncz'),
            Promise.all(members.map((cluster) => proxyPods(context, cluster))),
          ]);
          return whatIsBehind(connected, wanted.flat());
        };
        const { count, behind } = await until(look, (seen) => seen.behind.length === 0, {
          withinMs: 20_000,
          signal: context.signal,
        });
        if (count === 0) return fail('no proxies', { why: 'no pod of the mesh has a proxy', fix: 'isthmus up' });
        if (behind.length === 0) return pass(`${count} proxies in ${members.join(', ')}`);
        return fail(`${count} proxies; ${behind.length} faults`, {
          why: behind.slice(0, 5).join('; '),
          fix: 'isthmus logs CLUSTER NAMESPACE/POD',
        });
      },
    };
  });
}

interface ProxyPod {
  cluster: string;
  /** name.namespace, as istiod calls it. */
  proxy: string;
}

async function proxyPods(context: VerifyContext, cluster: string): Promise<ProxyPod[]> {
  const { items } = await context.client(cluster).list<Pod>(kinds.Pod, {});
  const hasProxy = ({ spec }: Pod): boolean =>
    [...(spec['initContainers'] ?? []), ...(spec['containers'] ?? [])].some((one: any) => one.name === 'istio-proxy');
  return items
    .filter((pod) => hasProxy(pod) && pod.status?.['phase'] === 'Running' && !pod.metadata.deletionTimestamp)
    .filter((pod) => !isProbe(pod.metadata.namespace))
    .map((pod) => ({ cluster, proxy: `${nameOf(pod)}.${pod.metadata.namespace}` }));
}

export function whatIsBehind(connected: any[], wanted: ProxyPod[]): { count: number; behind: string[] } {
  const behind = wanted.flatMap(({ cluster, proxy }) => {
    const found = connected.filter((one) => one.proxy === proxy && one.cluster_id === cluster).at(-1);
    const elsewhere = connected.find((one) => one.proxy === proxy);
    if (!found && elsewhere) return [`${proxy} of ${cluster} says that it is in ${elsewhere.cluster_id}`];
    if (!found) return [`${proxy} of ${cluster} is not connected`];
    return types.flatMap((type) => {
      if (found.errors?.[type]) return [`${proxy} of ${cluster} refused ${type}: ${found.errors[type]}`];
      return found[`${type}_sent`] === found[`${type}_acked`]
        ? []
        : [`${proxy} of ${cluster} has not acknowledged ${type}`];
    });
  });
  return { count: wanted.length, behind };
}
