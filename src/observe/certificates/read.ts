/** What a proxy shows to others and what it trusts, of its SDS secrets. The key is not printed by Envoy, and not asked for. */
import { readCertificate, splitPem, verifyChain } from '../../pki/index.ts';
import { ownCertificate, trustedRoots } from '../explain/envoy/tls.ts';
import type { ProxyCertificate } from '../types/index.ts';

/** Path of Envoy's admin interface: secrets alone, a few KiB where the whole dump has megabytes. */
export const secretsPath = 'config_dump?resource=dynamic_active_secrets';

export interface ShownCertificate
  extends Pick<ProxyCertificate, 'identity' | 'issuer' | 'serialNumber' | 'fingerprint' | 'trusts'> {
  /** Milliseconds since 1970. */
  notBefore: number;
  notAfter: number;
  /** Whether it is signed below a root that the cluster's proxies are given; undefined where that root is not known. */
  isOwnRoot: boolean | undefined;
}

/**
 * @param dump answer of Envoy's admin interface to `secretsPath`
 * @param rootPem roots that proxies of the cluster are given; empty where they are not known
 * @throws Error saying what is missing
 */
export function shownCertificate(dump: any, rootPem: string): ShownCertificate {
  const secrets = new Map<string, any>(
    (dump?.configs ?? [])
      .map((one: any) => one.secret)
      .filter(Boolean)
      .map((one: any) => [String(one.name), one]),
  );
  const pem = ownCertificate({ secrets });
  if (!pem) throw new Error('the proxy has no certificate: istiod has signed none for it');
  const [leafPem = '', ...intermediates] = splitPem(pem);
  const { uris, subject, issuer, serialNumber, fingerprint, notBefore, notAfter } = readCertificate(leafPem);
  const trusts = splitPem(trustedRoots({ secrets }) ?? '').map((one) => {
    const root = readCertificate(one);
    return { fingerprint: root.fingerprint, subject: root.subject, notAfter: root.notAfter.toISOString() };
  });
  const [from, to] = [notBefore.getTime(), notAfter.getTime()];
  // Whose it is, is one question, and whether it has ended another: the chain is judged at a time at which the certificate holds.
  const at = new Date(Math.min(Math.max(Date.now(), from), to));
  const chain = () => verifyChain({ leafPem, intermediatesPem: intermediates.join(''), rootPem, at });
  return {
    identity: uris[0] ?? subject,
    issuer,
    serialNumber,
    fingerprint,
    trusts,
    notBefore: from,
    notAfter: to,
    isOwnRoot: rootPem ? isBelow(chain()) : undefined,
  };
}

/** A CA above that has ended is told of where CAs are. */
const isBelow = (chain: ReturnType<typeof verifyChain>): boolean =>
  chain.ok || /expired on|not valid before/.test(chain.why);
