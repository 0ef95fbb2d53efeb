/**
 * X.509: keys, roots, intermediates, leaves, reading and chain checks. It knows no mesh: who gets which names is the caller's.
 * The issuing half loads a large library; readers import only what node:crypto has.
 */

export type { KeyPair, LeafOptions } from './issue.ts';
export { createSigningKeyPair, keyMatches } from './keys.ts';
export { type CertificateFacts, readCertificate, splitPem, verifyChain } from './read.ts';

import type { KeyPair, LeafOptions } from './issue.ts';

const issuing = () => import('./issue.ts');

/** A self-signed root certificate with an EC P-256 key; ten years by default. */
export async function createRoot(options: {
  commonName: string;
  organization?: string;
  days?: number;
}): Promise<KeyPair> {
  return (await issuing()).createRoot(options);
}

/** A signing certificate below a root; pathlen 0 by default, as Istio's tools make it. Its life is cut to the parent's. */
export async function createIntermediate(
  parent: KeyPair,
  options: {
    commonName: string;
    organization?: string;
    locality?: string;
    days?: number;
    pathLength?: number;
    dnsNames?: string[];
  },
): Promise<KeyPair> {
  return (await issuing()).createIntermediate(parent, options);
}

/** A leaf with a key of its own. */
export async function issueLeaf(parent: KeyPair, options: LeafOptions): Promise<KeyPair> {
  return (await issuing()).issueLeaf(parent, options);
}

/**
 * A leaf for the key of a certificate signing request, whose names are ignored.
 * @throws Error when the request cannot be read or is not signed by its own key.
 */
export async function issueFromCsr(parent: KeyPair, csrPem: string, options: LeafOptions): Promise<string> {
  return (await issuing()).issueFromCsr(parent, csrPem, options);
}

/** A certificate signing request with a new EC P-256 key. */
export async function createCsr(options: { uris?: string[]; dnsNames?: string[]; commonName?: string }): Promise<{
  csrPem: string;
  keyPem: string;
}> {
  return (await issuing()).createCsr(options);
}
