import { kinds, type Pod } from '../../kube/index.ts';
import { type Check, kubectl } from '../check.ts';
import { hasProxy } from '../patient.ts';

export const remotesSynced: Check = {
  code: 'ISM604',
  title: 'istiod reads every cluster of its mesh',
  async run(patient) {
    const { clusters, primaries, system } = patient;
    const pages = await Promise.all(
      primaries.map(async (primary) => ({ primary, page: await patient.debug(primary, 'clusterz') })),
    );
    const behind = pages.flatMap(({ primary, page }) =>
      (page ?? [])
        .filter((one) => one.syncStatus !== 'synced' || one.lastError)
        .map((one) => ({
          severity: 'error' as const,
          message: `istiod of ${primary.name} has not synced cluster ${one.id}: ${[one.syncStatus, one.lastError].filter(Boolean).join(', ')}. Its endpoints are old or missing.`,
          object: {
            cluster: primary.name,
            kind: 'Secret',
            namespace: system,
            name: String(one.secretName).split('/').at(-1) ?? '',
          },
          fix: `${kubectl(primary.name, system)} logs ${primary.istiod?.metadata.name} | grep ${one.id}`,
        })),
    );
    if (primaries.length === 0 || pages.some((one) => one.page === undefined)) return behind;
    const known = new Set(pages.flatMap(({ page }) => page!.map((one) => one.id)));
    const orphans = await Promise.all(
      clusters.map(async (cluster) => {
        if (cluster.istiod || known.has(cluster.id)) return [];
        const proxies = (await cluster.list<Pod>(kinds.Pod)).filter(hasProxy).length;
        if (proxies === 0) return [];
        const [primary] = primaries;
        return [
          {
            severity: 'error' as const,
            message: `No istiod knows cluster ${cluster.id}: its endpoints are missing from the mesh, and its ${proxies} proxies cannot renew their certificates.`,
            object: {
              cluster: primary!.name,
              kind: 'Secret',
              namespace: system,
              name: `istio-remote-secret-${cluster.id}`,
            },
            fix: `istioctl create-remote-secret --context=${cluster.name} --name=${cluster.id} | ${kubectl(primary!.name)} apply -f -`,
          },
        ];
      }),
    );
    return [...behind, ...orphans.flat()];
  },
};
