import { kinds, type Secret } from '../../kube/index.ts';
import { readCertificate } from '../../pki/index.ts';
import { type Check, objectOf } from '../check.ts';

const dayMs = 86_400_000;

/** Istio does not renew certificates that were plugged in. It is said 60, 30 and 7 days ahead. */
export const caLife: Check = {
  code: 'ISM202',
  title: 'CA certificates have time left',
  async run({ clusters, system }) {
    const found = await Promise.all(
      clusters.map(async (cluster) => {
        const secret = await cluster.find<Secret>(kinds.Secret, 'cacerts', system);
        return ['ca-cert.pem', 'root-cert.pem'].flatMap((key) => {
          const data = secret?.data?.[key];
          const notAfter = data && endOf(Buffer.from(data, 'base64').toString('utf8'));
          if (!secret || !notAfter) return [];
          const days = Math.floor((notAfter.getTime() - Date.now()) / dayMs);
          if (days >= 60) return [];
          const left = days < 0 ? `expired on ${notAfter.toISOString().slice(0, 10)}` : `ends in ${days} days`;
          return [
            {
              severity: days < 7 ? ('error' as const) : days < 30 ? ('warning' as const) : ('info' as const),
              message: `${key} of ${cluster.name}/${system}/cacerts ${left}. Istio does not renew it; when it ends, the whole mesh stops.`,
              object: objectOf(cluster.name, secret, 'Secret'),
              fix:
                key === 'root-cert.pem'
                  ? 'plan a new root with a time in which both are trusted, before the old one ends'
                  : `have a new intermediate signed by the same root and put it into Secret ${system}/cacerts`,
            },
          ];
        });
      }),
    );
    return found.flat();
  },
};

function endOf(pem: string): Date | undefined {
  try {
    return readCertificate(pem).notAfter;
  } catch {
    return undefined; // that it cannot be read is the business of ISM203
  }
}
