/** The mesh's CA: loaded from `cacerts`, checked before it is used, read again when its files change. */
import { existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { IsthmusError, messageOf } from '../../../errors/index.ts';
import {
  createRoot,
  issueFromCsr,
  issueLeaf,
  type KeyPair,
  keyMatches,
  readCertificate,
  splitPem,
  verifyChain,
} from '../../../pki/index.ts';

export interface CaMaterial {
  signer: KeyPair;
  /** Certificates from the signer up to the root, the root left out or not, as the files have it. */
  chainPem: string;
  rootPem: string;
  selfSigned: boolean;
}

export class CertificateAuthority {
  #material: CaMaterial;
  readonly #listeners = new Set<() => void>();

  private constructor(material: CaMaterial) {
    this.#material = material;
  }

  /** @throws IsthmusError when the folder holds part of a bundle, or one that does not fit together. */
  static async load(folder: string, trustDomain: string, log: (line: string) => void): Promise<CertificateAuthority> {
    const material = readBundle(folder) ?? (await selfSigned(trustDomain));
    if (material.selfSigned) log(`no CA in ${folder}: the CA is self-signed, and other clusters will not trust it`);
    const authority = new CertificateAuthority(material);
    if (!material.selfSigned) authority.#follow(folder, log);
    return authority;
  }

  get rootPem(): string {
    return this.#material.rootPem;
  }

  get signerFacts() {
    return readCertificate(this.#material.signer.certPem);
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Signs a workload's request for an identity. The reply is the leaf, the chain, and the root bundle last. */
  async sign(csrPem: string, spiffeId: string, seconds: number): Promise<string[]> {
    const leaf = await issueFromCsr(this.#material.signer, csrPem, {
      uris: [spiffeId],
      seconds,
      notBeforeSkewSeconds: 120,
    });
    return [leaf, ...splitPem(this.#material.chainPem), this.#material.rootPem];
  }

  /** istiod's own serving certificate, with the chain. */
  async serve(dnsNames: string[]): Promise<KeyPair> {
    const leaf = await issueLeaf(this.#material.signer, { dnsNames, seconds: 10 * 365 * 86_400 });
    return { certPem: leaf.certPem + splitPem(this.#material.chainPem).join(''), keyPem: leaf.keyPem };
  }

  /**
   * What changes while istiod runs: the signer, and the roots that are trusted. Roots may come and go, but one of those before must stay:
   * a proxy that trusts only the old ones could not be reached from one moment to the next (ISTIO_MULTIROOT_MESH of Istio).
   */
  #follow(folder: string, log: (line: string) => void): void {
    let timer: NodeJS.Timeout | undefined;
    watch(folder, () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        try {
          const next = readBundle(folder);
          if (!next || isSame(next, this.#material)) return;
          if (!sharesRoot(next, this.#material))
            return log('a root that replaces all others is refused: proxies that trust only those would be cut off');
          this.#material = next;
          const { subject, serialNumber } = readCertificate(next.signer.certPem);
          log(`the CA is now ${subject} (${serialNumber}); roots that are trusted: ${splitPem(next.rootPem).length}`);
          for (const listener of this.#listeners) listener();
        } catch (error) {
          log(`changed CA files are refused: ${messageOf(error)}`);
        }
      }, 100);
    }).unref();
  }
}

const isSame = (a: CaMaterial, b: CaMaterial): boolean =>
  a.signer.certPem === b.signer.certPem && a.chainPem === b.chainPem && a.rootPem === b.rootPem;

function sharesRoot(a: CaMaterial, b: CaMaterial): boolean {
  const prints = ({ rootPem }: CaMaterial) => splitPem(rootPem).map((pem) => readCertificate(pem).fingerprint);
  const before = new Set(prints(b));
  return prints(a).some((one) => before.has(one));
}

function readBundle(folder: string): CaMaterial | undefined {
  const read = (name: string): string | undefined => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  const tls = read('tls.crt');
  const files = tls
    ? { 'tls.crt': tls, 'tls.key': read('tls.key'), 'ca.crt': read('ca.crt') }
    : {
        'ca-cert.pem': read('ca-cert.pem'),
        'ca-key.pem': read('ca-key.pem'),
        'root-cert.pem': read('root-cert.pem'),
        'cert-chain.pem': read('cert-chain.pem'),
      };
  const missing = Object.entries(files)
    .filter(([, content]) => content === undefined)
    .map(([name]) => name);
  if (missing.length === Object.keys(files).length) return undefined;
  const refuse = (why: string): never => {
    throw new IsthmusError({
      code: 'istiod.ca',
      fault: 'user',
      what: 'the signing CA cannot be used',
      where: folder,
      why,
      fix: 'correct Secret cacerts in istio-system and restart istiod',
    });
  };
  if (missing.length > 0) return refuse(`incomplete signing CA bundle: ${missing.join(', ')} missing`);
  const [certPem, keyPem, rootPem, chain] = Object.values(files) as [string, string, string, string | undefined];
  const chainPem = chain ?? certPem + rootPem;
  if (!readCertificate(certPem).isCa) return refuse('the certificate is not that of a CA');
  if (!keyMatches(certPem, keyPem)) return refuse('the key does not belong to the certificate');
  const chained = verifyChain({ leafPem: certPem, intermediatesPem: chainPem, rootPem });
  if (!chained.ok) return refuse(chained.why);
  return { signer: { certPem, keyPem }, chainPem, rootPem, selfSigned: false };
}

async function selfSigned(trustDomain: string): Promise<CaMaterial> {
  const signer = await createRoot({ commonName: trustDomain, organization: trustDomain, days: 3650 });
  return { signer, chainPem: signer.certPem, rootPem: signer.certPem, selfSigned: true };
}
