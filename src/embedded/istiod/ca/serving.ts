/** istiod's own certificate for its ports: made anew when the CA changes, and given to servers that run without stopping them. */
import type { experimental } from '@grpc/grpc-js';
import { messageOf } from '../../../errors/index.ts';
import type { KeyPair } from '../../../pki/index.ts';
import type { CertificateAuthority } from './authority.ts';

type Provider = experimental.CertificateProvider;
type Identity = Parameters<Provider['addIdentityCertificateListener']>[0];
type Roots = Parameters<Provider['addCaCertificateListener']>[0];

/** It is gRPC's provider of both the server's certificate and the roots by which those of clients are judged. */
export class ServingCertificate implements Provider {
  readonly #authority: CertificateAuthority;
  readonly #identityListeners = new Set<Identity>();
  readonly #rootListeners = new Set<Roots>();
  readonly #listeners = new Set<(pair: KeyPair) => void>();
  #pair: KeyPair;

  private constructor(authority: CertificateAuthority, pair: KeyPair) {
    this.#authority = authority;
    this.#pair = pair;
  }

  static async make(
    authority: CertificateAuthority,
    dnsNames: string[],
    log: (line: string) => void,
  ): Promise<ServingCertificate> {
    const serving = new ServingCertificate(authority, await authority.serve(dnsNames));
    authority.onChange(() => {
      void authority.serve(dnsNames).then(
        (pair) => serving.#take(pair),
        (error) => log(`istiod keeps its old certificate: ${messageOf(error)}`),
      );
    });
    return serving;
  }

  get current(): KeyPair {
    return this.#pair;
  }

  onChange(listener: (pair: KeyPair) => void): void {
    this.#listeners.add(listener);
  }

  addIdentityCertificateListener(listener: Identity): void {
    this.#identityListeners.add(listener);
    setImmediate(() => this.#tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: Identity): void {
    this.#identityListeners.delete(listener);
  }

  addCaCertificateListener(listener: Roots): void {
    this.#rootListeners.add(listener);
    setImmediate(() => this.#tellRoots(listener));
  }

  removeCaCertificateListener(listener: Roots): void {
    this.#rootListeners.delete(listener);
  }

  #take(pair: KeyPair): void {
    this.#pair = pair;
    for (const listener of this.#rootListeners) this.#tellRoots(listener);
    for (const listener of this.#identityListeners) this.#tellIdentity(listener);
    for (const listener of this.#listeners) listener(pair);
  }

  #tellIdentity(listener: Identity): void {
    listener({ certificate: Buffer.from(this.#pair.certPem), privateKey: Buffer.from(this.#pair.keyPem) });
  }

  #tellRoots(listener: Roots): void {
    listener({ caCertificate: Buffer.from(this.#authority.rootPem) });
  }
}
