import { type ConfigMap, kinds } from '../../kube/index.ts';
import { readCertificate, splitPem } from '../../pki/index.ts';
import { type Check, kubectl } from '../check.ts';

/** What istiod hands out is compared, since the secret alone does not say what it uses. */
export const roots: Check = {
  code: 'ISM201',
  title: 'proxies of all clusters trust one root',
  async run({ clusters, system }) {
    const seen = await Promise.all(
      clusters.map(async (cluster) => {
        const map = await cluster.find<ConfigMap>(kinds.ConfigMap, 'istio-ca-root-cert', system);
        const certificates = readAll(map?.data?.['root-cert.pem'] ?? '');
        return { cluster: cluster.name, map, certificates };
      }),
    );
    const object = (cluster: string) => ({ cluster, kind: 'ConfigMap', namespace: system, name: 'istio-ca-root-cert' });
    const missing = seen.filter((one) => one.certificates.length === 0);
    const present = seen.filter((one) => one.certificates.length > 0);
    const [first] = present;
    const strangers = present.filter(
      (one) =>
        !one.certificates.some((each) => first!.certificates.some((known) => known.fingerprint === each.fingerprint)),
    );
    const describe = (one: (typeof seen)[number]): string =>
      one.certificates
        .map(
          (each) =>
            `${each.subject}, ${each.fingerprint.slice(0, 16)}, until ${each.notAfter.toISOString().slice(0, 10)}`,
        )
        .join(' + ');
    return [
      ...missing.map(({ cluster }) => ({
        severity: 'error' as const,
        message: `${cluster} has no ConfigMap ${system}/istio-ca-root-cert with a root certificate: pods with a proxy do not start there.`,
        object: object(cluster),
        fix: `see that istiod may write there: ${kubectl(cluster)} get namespace ${system} -o yaml (annotation topology.istio.io/controlPlaneClusters), and EXTERNAL_ISTIOD of istiod`,
      })),
      ...strangers.map((one) => ({
        severity: 'error' as const,
        message: `Proxies of ${one.cluster} trust ${describe(one)}, those of ${first!.cluster} trust ${describe(first!)}: every connection between them is refused.`,
        object: object(one.cluster),
        beside: [object(first!.cluster)],
        fix: `give both a CA below one root (Secret ${system}/cacerts), restart istiod, then the workloads`,
      })),
    ];
  },
};

function readAll(pem: string) {
  try {
    return splitPem(pem).map(readCertificate);
  } catch {
    return [];
  }
}
