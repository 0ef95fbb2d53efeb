/** Secret cacerts: Istio's files of a plugged-in CA. */
import type { Secret } from '../../kube/index.ts';
import {
  createIntermediate,
  type KeyPair,
  keyMatches,
  readCertificate,
  splitPem,
  verifyChain,
} from '../../pki/index.ts';
import { type DesiredObject, systemNamespace } from '../part.ts';

export const secretName = 'cacerts';

export interface Bundle {
  'ca-cert.pem': string;
  'ca-key.pem': string;
  'root-cert.pem': string;
  'cert-chain.pem': string;
}

export function bundleOf(secret: Secret): Bundle {
  const read = (name: string): string => Buffer.from(secret.data?.[name] ?? '', 'base64').toString('utf8');
  return {
    'ca-cert.pem': read('ca-cert.pem'),
    'ca-key.pem': read('ca-key.pem'),
    'root-cert.pem': read('root-cert.pem'),
    'cert-chain.pem': read('cert-chain.pem'),
  };
}

export function secretOf(bundle: Bundle): DesiredObject {
  const encoded = Object.entries(bundle).map(([name, pem]) => [name, Buffer.from(pem).toString('base64')]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: { name: secretName, namespace: systemNamespace },
    data: Object.fromEntries(encoded),
  };
}

/** A new intermediate of a cluster below a root. @param days its life, cut to the root's */
export async function signedBundle(root: KeyPair, cluster: string, days: number): Promise<Bundle> {
  const intermediate = await createIntermediate(root, {
    commonName: 'Intermediate CA',
    organization: 'Istio',
    locality: cluster,
    days,
    dnsNames: [`istiod.${systemNamespace}.svc`],
  });
  return {
    'ca-cert.pem': intermediate.certPem,
    'ca-key.pem': intermediate.keyPem,
    'root-cert.pem': root.certPem,
    'cert-chain.pem': intermediate.certPem + root.certPem,
  };
}

/** What Istio would not take, or proxies of other clusters would not trust. */
export function whyUnfit(bundle: Bundle, meshRootPem: string): string | undefined {
  const chained = verifyChain({
    leafPem: bundle['ca-cert.pem'],
    intermediatesPem: bundle['cert-chain.pem'],
    rootPem: meshRootPem,
  });
  if (!chained.ok) return chained.why;
  if (!keyMatches(bundle['ca-cert.pem'], bundle['ca-key.pem'])) return 'ca-key.pem is not the key of ca-cert.pem';
  if (!readCertificate(bundle['ca-cert.pem']).isCa) return 'ca-cert.pem is not the certificate of a CA';
  const isThere = printsOf(bundle['root-cert.pem']).includes(readCertificate(meshRootPem).fingerprint);
  return isThere ? undefined : 'its root-cert.pem, which proxies are given, is another one';
}

/** The fingerprints of the certificates of a PEM text, in its order. */
export const printsOf = (pem: string): string[] => splitPem(pem).map((one) => readCertificate(one).fingerprint);
