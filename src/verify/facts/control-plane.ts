import { kinds, type Pod } from '../../kube/index.ts';
import { remoteSecretName, systemNamespace } from '../../mesh/index.ts';
import { primariesOf, remotesOf } from '../../spec/index.ts';
import { type Claim, fail, pass, type VerifyContext } from '../fact.ts';
import { findPod } from '../traffic.ts';
import { until } from '../until.ts';

/** Reads a debug page of the istiod of a primary. */
async function debugPage(context: VerifyContext, primary: string, page: string): Promise<any> {
  const client = context.client(primary);
  const pod: Pod = await findPod(client, systemNamespace, 'app=istiod');
  return client.request(
    'GET',
    `/api/v1/namespaces/${systemNamespace}/pods/${pod.metadata.name}:8080/proxy/debug/${page}`,
  );
}

/** istiod knows each of its remotes and has synced it. */
export function remotesSynced(context: VerifyContext): Claim[] {
  return primariesOf(context.mesh).flatMap((primary) =>
    remotesOf(context.mesh, primary.name).map((remote) => ({
      id: `remote-synced/${remote.name}`,
      title: `istiod of ${primary.name} has synced ${remote.name}`,
      expected: 'synced, and its API server answers',
      async measure() {
        const clusters: any[] = await debugPage(context, primary.name, 'clusterz');
        const found = clusters.find((one) => one.id === remote.name);
        if (!found) {
          const secret = await context
            .client(primary.name)
            .find(kinds.Secret, remoteSecretName(remote.name), systemNamespace);
          const why = secret
            ? 'Secret and cluster ID differ, or its kubeconfig was refused: read the log of istiod'
            : `Secret ${systemNamespace}/${remoteSecretName(remote.name)} is missing in ${primary.name}`;
          return fail('the cluster is not known', why, 'isthmus up');
        }
        if (found.syncStatus !== 'synced' || found.lastError) return fail(found.syncStatus, found.lastError);
        return pass(`synced by Secret ${found.secretName}`);
      },
    })),
  );
}

/** Every proxy has accepted what it was last sent. */
export function proxiesSynced(context: VerifyContext): Claim[] {
  return primariesOf(context.mesh).map((primary) => ({
    id: `proxies-synced/${primary.name}`,
    title: `all proxies of ${primary.name}'s mesh have accepted their configuration`,
    expected: 'every connected proxy has acknowledged every type',
    async measure() {
      const types = ['cluster', 'listener', 'route', 'endpoint'];
      const behind = (proxies: any[]): string[] =>
        proxies.flatMap((one) =>
          types.flatMap((type) => {
            if (one.errors?.[type]) return [`${one.proxy} refused ${type}`];
            return one[`${type}_sent`] === one[`${type}_acked`] ? [] : [`${one.proxy} has not acknowledged ${type}`];
          }),
        );
      const wanted = [primary, ...remotesOf(context.mesh, primary.name)].map((one) => one.name);
      const seen = (proxies: any[]) => wanted.filter((cluster) => !proxies.some((one) => one.cluster_id === cluster));
      const proxies: any[] = await until(
        () => debugPage(context, primary.name, 'syncz'),
        (found) => behind(found).length === 0 && seen(found).length === 0,
        { withinMs: 5_000, signal: context.signal },
      );
      if (seen(proxies).length > 0)
        return fail(
          `${proxies.length} proxies, none of ${seen(proxies).join(', ')}`,
          'proxies of a cluster do not reach istiod',
          'isthmus logs CLUSTER istio-system/POD',
        );
      if (behind(proxies).length > 0)
        return fail(`${proxies.length} proxies; ${behind(proxies).slice(0, 5).join('; ')}`);
      return pass(`${proxies.length} proxies in ${wanted.join(', ')}`);
    },
  }));
}
