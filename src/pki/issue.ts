/** Making certificates: roots, intermediates and leaves in the shape that Istio's own CA and tools give them. */
import { randomBytes } from 'node:crypto';
import { generateEcKeys, importSigningKey } from './keys.ts';
import * as x509 from './x509.ts';

export interface KeyPair {
  certPem: string;
  keyPem: string;
}

export interface LeafOptions {
  commonName?: string;
  /** O of the subject: Kubernetes takes them as the user's groups. */
  organizations?: string[];
  dnsNames?: string[];
  ipAddresses?: string[];
  uris?: string[];
  /** Life in seconds; cut to the issuer's. */
  seconds: number;
  /** How far before now the life begins, against clocks that differ. Istio uses two minutes. */
  notBeforeSkewSeconds?: number;
  client?: boolean;
  server?: boolean;
}

const day = 86_400_000;
const caUsages = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature;

/** A self-signed root certificate. */
export async function createRoot(options: {
  commonName: string;
  organization?: string;
  days?: number;
}): Promise<KeyPair> {
  const { keys, keyPem } = await generateEcKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: subject({
      commonName: options.commonName,
      organizations: options.organization ? [options.organization] : [],
    }),
    notBefore: new Date(Date.now() - 120_000),
    notAfter: new Date(Date.now() + (options.days ?? 3650) * day),
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(caUsages, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: pem(certificate), keyPem };
}

/** A signing certificate below a root, by default with pathlen 0 as Istio's tools make it. */
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
  const { keys, keyPem } = await generateEcKeys();
  const issuer = new x509.X509Certificate(parent.certPem);
  const certPem = await sign(parent, {
    name: subject({
      commonName: options.commonName,
      organizations: options.organization ? [options.organization] : [],
      ...(options.locality ? { locality: options.locality } : {}),
    }),
    publicKey: keys.publicKey,
    notBefore: new Date(Math.max(Date.now() - 120_000, issuer.notBefore.getTime())),
    notAfter: earlier(new Date(Date.now() + (options.days ?? 3650) * day), issuer.notAfter),
    extensions: [
      new x509.BasicConstraintsExtension(true, options.pathLength ?? 0, true),
      new x509.KeyUsagesExtension(caUsages, true),
      ...(options.dnsNames?.length
        ? [new x509.SubjectAlternativeNameExtension(options.dnsNames.map((value) => ({ type: 'dns' as const, value })))]
        : []),
    ],
  });
  return { certPem, keyPem };
}

/** A leaf with a key of its own. */
export async function issueLeaf(parent: KeyPair, options: LeafOptions): Promise<KeyPair> {
  const { keys, keyPem } = await generateEcKeys();
  return { certPem: await signLeaf(parent, keys.publicKey, options), keyPem };
}

/**
 * A leaf for the key of a certificate signing request. Names in the request are ignored: the caller says who it is for.
 * @throws Error when the request cannot be read or its own signature is wrong.
 */
export async function issueFromCsr(parent: KeyPair, csrPem: string, options: LeafOptions): Promise<string> {
  const request = new x509.Pkcs10CertificateRequest(csrPem);
  if (!(await request.verify()))
    throw new Error('the signature of the certificate signing request is not of its own key');
  return signLeaf(parent, request.publicKey, options);
}

/** A certificate signing request with a new EC P-256 key. */
export async function createCsr(options: { uris?: string[]; dnsNames?: string[]; commonName?: string }): Promise<{
  csrPem: string;
  keyPem: string;
}> {
  const { keys, keyPem } = await generateEcKeys();
  const names = [
    ...(options.uris ?? []).map((value) => ({ type: 'url' as const, value })),
    ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
  ];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject({ organizations: [], ...(options.commonName ? { commonName: options.commonName } : {}) }),
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  });
  return { csrPem: `${request.toString('pem')}\n`, keyPem };
}

async function signLeaf(parent: KeyPair, publicKey: x509.PublicKeyType, options: LeafOptions): Promise<string> {
  const issuer = new x509.X509Certificate(parent.certPem);
  const names: x509.JsonGeneralNames = [
    ...(options.uris ?? []).map((value) => ({ type: 'url' as const, value })),
    ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const usages = [
    ...((options.server ?? true) ? [x509.ExtendedKeyUsage.serverAuth] : []),
    ...((options.client ?? true) ? [x509.ExtendedKeyUsage.clientAuth] : []),
  ];
  const name = subject({
    organizations: options.organizations ?? [],
    ...(options.commonName ? { commonName: options.commonName } : {}),
  });
  return sign(parent, {
    name,
    publicKey,
    notBefore: new Date(Date.now() - (options.notBeforeSkewSeconds ?? 120) * 1000),
    notAfter: earlier(new Date(Date.now() + options.seconds * 1000), issuer.notAfter),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension(usages),
      // RFC 5280: the extension is critical when the subject is empty, as in SPIFFE certificates.
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names, name.length === 0)] : []),
    ],
  });
}

async function sign(
  parent: KeyPair,
  fields: {
    name: x509.JsonName;
    publicKey: x509.PublicKeyType;
    notBefore: Date;
    notAfter: Date;
    extensions: x509.Extension[];
  },
): Promise<string> {
  const issuer = new x509.X509Certificate(parent.certPem);
  const signer = await importSigningKey(parent.keyPem);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: fields.name,
    issuer: issuer.subjectName.toJSON(),
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    publicKey: fields.publicKey,
    signingKey: signer.key,
    signingAlgorithm: signer.algorithm,
    extensions: [
      ...fields.extensions,
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(fields.publicKey),
    ],
  });
  return pem(certificate);
}

function subject(names: { commonName?: string; organizations: string[]; locality?: string }): x509.JsonName {
  return [
    ...names.organizations.map((value) => ({ O: [value] })),
    ...(names.commonName ? [{ CN: [names.commonName] }] : []),
    ...(names.locality ? [{ L: [names.locality] }] : []),
  ];
}

/** 127 random bits: positive, and never the same twice. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

const pem = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`;
const earlier = (a: Date, b: Date): Date => (a < b ? a : b);
