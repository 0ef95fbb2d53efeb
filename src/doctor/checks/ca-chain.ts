import { kinds, type Secret } from '../../kube/index.ts';
import { keyMatches, readCertificate, verifyChain } from '../../pki/index.ts';
import { type Check, kubectl, objectOf } from '../check.ts';

/** istiod starts with what is in cacerts, or not at all, or (where a key is missing) with a CA of its own. */
export const caChain: Check = {
  code: 'ISM203',
  title: 'cacerts is whole: key, certificate, chain and root fit together',
  async run({ clusters, system }) {
    const found = await Promise.all(
      clusters.map(async (cluster) => {
        const secret = await cluster.find<Secret>(kinds.Secret, 'cacerts', system);
        if (!secret) {
          const map = await cluster.find(kinds.ConfigMap, 'cacerts', system);
          if (!map) return [];
          return [
            {
              severity: 'error' as const,
              message: `${cluster.name}/${system}/cacerts is a ConfigMap: istiod reads a Secret of that name, ignores this one and makes a CA of its own.`,
              object: objectOf(cluster.name, map, 'ConfigMap'),
              fix: `${kubectl(cluster.name, system)} create secret generic cacerts --from-file=ca-cert.pem --from-file=ca-key.pem --from-file=root-cert.pem --from-file=cert-chain.pem`,
            },
          ];
        }
        // The second accepted shape is that of kubernetes.io/tls, as cert-manager writes it.
        if (secret.data?.['tls.crt']) return [];
        const why = faultOf((key) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8'));
        return why === undefined
          ? []
          : [
              {
                severity: 'error' as const,
                message: `Secret ${cluster.name}/${system}/cacerts: ${why}.`,
                object: objectOf(cluster.name, secret, 'Secret'),
                fix: 'make its four files anew: ca-cert.pem, ca-key.pem, cert-chain.pem (intermediate, then root), root-cert.pem',
              },
            ];
      }),
    );
    return found.flat();
  },
};

/** Nothing of the key is ever said. */
function faultOf(read: (key: string) => string): string | undefined {
  const missing = ['ca-cert.pem', 'ca-key.pem', 'cert-chain.pem', 'root-cert.pem'].filter(
    (key) => read(key).trim() === '',
  );
  if (missing.length > 0)
    return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing or empty, and istiod does not start with a part`;
  try {
    if (!readCertificate(read('ca-cert.pem')).isCa) return 'ca-cert.pem is no CA certificate';
  } catch {
    return 'ca-cert.pem cannot be read';
  }
  if (!keyMatches(read('ca-cert.pem'), read('ca-key.pem'))) return 'ca-key.pem is not the key of ca-cert.pem';
  const chained = verifyChain({
    leafPem: read('ca-cert.pem'),
    intermediatesPem: read('cert-chain.pem'),
    rootPem: read('root-cert.pem'),
  });
  return chained.ok || /expired/.test(chained.why) ? undefined : `its CA does not hang below its root: ${chained.why}`;
}
