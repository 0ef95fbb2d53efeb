import { messageOf } from '../../errors/index.ts';
import { type ConfigMap, kinds, type Secret } from '../../kube/index.ts';
import { systemNamespace } from '../../mesh/index.ts';
import { readCertificate } from '../../pki/index.ts';
import { type Claim, fail, pass, type VerifyContext } from '../fact.ts';

/** Proxies of all clusters are given one root, and each cluster's CA hangs below it. */
export function oneRoot(context: VerifyContext): Claim[] {
  const { clusters } = context.mesh;
  return [
    {
      id: 'one-root',
      title: 'all clusters share one root of trust',
      expected: 'the same root certificate given to proxies and in cacerts of every cluster',
      async measure() {
        const found = await Promise.all(clusters.map((cluster) => rootsOf(context, cluster.name)));
        const all = found.flat();
        const distinct = new Set(all.map((one) => one.fingerprint));
        const list = all
          .map(({ where, fingerprint, until: end }) => `${where} ${fingerprint.slice(0, 16)} until ${end}`)
          .join('; ');
        if (distinct.size === 1 && all.every((one) => one.fingerprint.length === 64))
          return pass(
            `root ${all[0]!.fingerprint.slice(0, 16)} in ${all.length} places of ${clusters.length} clusters`,
          );
        return fail(
          list,
          'a certificate of one root is refused where another is trusted',
          'give all clusters intermediates of one root: delete the foreign Secret cacerts and run isthmus up',
        );
      },
    },
  ];
}

async function rootsOf(
  context: VerifyContext,
  cluster: string,
): Promise<{ where: string; fingerprint: string; until: string }[]> {
  const client = context.client(cluster);
  const [configMap, secret] = await Promise.all([
    client.find<ConfigMap>(kinds.ConfigMap, 'istio-ca-root-cert', systemNamespace),
    client.find<Secret>(kinds.Secret, 'cacerts', systemNamespace),
  ]);
  const places = [
    { where: `${cluster}/istio-ca-root-cert`, pem: configMap?.data?.['root-cert.pem'] },
    {
      where: `${cluster}/cacerts`,
      pem: secret && Buffer.from(secret.data?.['root-cert.pem'] ?? '', 'base64').toString('utf8'),
    },
  ];
  return places.map(({ where, pem }) => {
    if (!pem) return { where, fingerprint: 'missing', until: '-' };
    try {
      const { fingerprint, notAfter } = readCertificate(pem);
      return { where, fingerprint, until: notAfter.toISOString().slice(0, 10) };
    } catch (error) {
      return { where, fingerprint: `unreadable: ${messageOf(error)}`, until: '-' };
    }
  });
}
