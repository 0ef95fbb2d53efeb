/** What may be shown of an istiod's `cacerts`: the certificates. Its key is dropped as the object arrives. */
import type { KubeObject, Secret } from '../../kube/index.ts';

export interface CaSecret extends KubeObject {
  rootPem: string;
  caPem: string;
  chainPem: string;
}

export function toCaSecret(secret: Secret): CaSecret {
  const { data = {}, stringData: _, ...rest } = secret;
  const pem = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  return { ...rest, rootPem: pem('root-cert.pem'), caPem: pem('ca-cert.pem'), chainPem: pem('cert-chain.pem') };
}
