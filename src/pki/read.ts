/** Reading and judging certificates, with node:crypto alone: cheap to load. */
import { X509Certificate } from 'node:crypto';

export interface CertificateFacts {
  subject: string;
  issuer: string;
  commonName: string;
  organizations: string[];
  notBefore: Date;
  notAfter: Date;
  isCa: boolean;
  uris: string[];
  dnsNames: string[];
  ipAddresses: string[];
  /** SHA-256, hexadecimal, lower case, no colons. */
  fingerprint: string;
  serialNumber: string;
}

/**
 * The facts of the first certificate of a PEM text.
 * @throws Error when there is none that can be read.
 */
export function readCertificate(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  const names = splitAlternativeNames(certificate.subjectAltName ?? '');
  const field = (text: string, key: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => line.slice(key.length + 1));
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    commonName: field(certificate.subject ?? '', 'CN')[0] ?? '',
    organizations: field(certificate.subject ?? '', 'O'),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    isCa: certificate.ca,
    uris: names.filter(([type]) => type === 'URI').map(([, value]) => value),
    dnsNames: names.filter(([type]) => type === 'DNS').map(([, value]) => value),
    ipAddresses: names.filter(([type]) => type === 'IP Address').map(([, value]) => value),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    serialNumber: certificate.serialNumber,
  };
}

/** The certificates of a PEM bundle, each as PEM. */
export function splitPem(bundle: string): string[] {
  return (bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map(
    (block) => `${block}\n`,
  );
}

/**
 * Whether a leaf (or intermediate) is signed, step by step, up to one of the roots, each certificate valid at that time and each
 * issuer allowed to sign.
 */
export function verifyChain(options: {
  leafPem: string;
  intermediatesPem: string;
  rootPem: string;
  at?: Date;
}): { ok: true } | { ok: false; why: string } {
  const at = options.at ?? new Date();
  let roots: X509Certificate[];
  let others: X509Certificate[];
  let current: X509Certificate;
  try {
    roots = splitPem(options.rootPem).map((block) => new X509Certificate(block));
    others = splitPem(options.intermediatesPem).map((block) => new X509Certificate(block));
    current = new X509Certificate(options.leafPem);
  } catch (error) {
    return { ok: false, why: `a certificate cannot be read: ${error instanceof Error ? error.message : error}` };
  }
  if (roots.length === 0) return { ok: false, why: 'there is no root certificate' };
  for (let step = 0; step < 10; step++) {
    const name = oneLine(current.subject) || 'the certificate';
    if (new Date(current.validFrom) > at) return { ok: false, why: `${name} is not valid before ${current.validFrom}` };
    if (new Date(current.validTo) < at) return { ok: false, why: `${name} expired on ${current.validTo}` };
    if (roots.some((root) => root.fingerprint256 === current.fingerprint256)) return { ok: true };
    const signedBy = (issuer: X509Certificate) =>
      issuer.fingerprint256 !== current.fingerprint256 && current.verify(issuer.publicKey);
    const issuer = roots.find(signedBy) ?? others.find(signedBy);
    if (!issuer)
      return {
        ok: false,
        why: `the issuer of ${name}, ${oneLine(current.issuer)}, is not among the certificates given`,
      };
    if (!issuer.ca) return { ok: false, why: `${oneLine(issuer.subject)} signed ${name} but is not a CA` };
    current = issuer;
  }
  return { ok: false, why: 'the chain is longer than ten certificates' };
}

function splitAlternativeNames(text: string): [string, string][] {
  return text
    .split(/, (?=(?:URI|DNS|IP Address|email|DirName|othername):)/)
    .filter(Boolean)
    .map((part) => {
      const colon = part.indexOf(':');
      return [part.slice(0, colon), part.slice(colon + 1).replace(/^"|"$/g, '')];
    });
}

const oneLine = (name: string | undefined): string => (name ?? '').split('\n').join(', ');
