/** A Secret of Kubernetes as an SDS resource: the two forms of fields that Istio reads (pilot/pkg/credentials/kube). */
import type { Secret } from '../../../kube/index.ts';

export interface CredentialName {
  name: string;
  namespace: string;
  /** The certificates by which clients are judged, rather than the server's own. */
  isRoot: boolean;
}

const scheme = 'kubernetes://';
const rootSuffix = '-cacert';

/** `kubernetes://name` or `kubernetes://namespace/name`, with `-cacert` for the root; undefined for what is no Secret. */
export function parseCredential(resource: string, ownNamespace: string): CredentialName | undefined {
  if (!resource.startsWith(scheme)) return undefined;
  const parts = resource.slice(scheme.length).split('/');
  const whole = parts.at(-1) ?? '';
  if (whole === '' || parts.length > 2) return undefined;
  const isRoot = whole.endsWith(rootSuffix);
  return {
    name: isRoot ? whole.slice(0, -rootSuffix.length) : whole,
    namespace: parts.length === 2 ? parts[0]! : ownNamespace,
    isRoot,
  };
}

/** Names of generic Secrets, and those of Secrets of type kubernetes.io/tls. */
const fields = {
  certificate: ['cert', 'tls.crt'],
  key: ['key', 'tls.key'],
  root: ['cacert', 'ca.crt'],
  crl: ['crl', 'ca.crl'],
  staple: ['tls.ocsp-staple'],
};
export const certificateFields: ReadonlySet<string> = new Set(Object.values(fields).flat());

/** Undefined for a Secret without what is asked for. */
export function secretResource(resource: string, secret: Secret | undefined): unknown {
  const data = (names: string[]): string | undefined =>
    names.map((name) => secret?.data?.[name]).find((value) => value !== undefined && value !== '');
  const bytes = (value: string) => ({ inline_bytes: value });
  if (resource.endsWith(rootSuffix)) {
    const [root, crl] = [data(fields.root), data(fields.crl)];
    if (!root) return undefined;
    return { name: resource, validation_context: { trusted_ca: bytes(root), ...(crl ? { crl: bytes(crl) } : {}) } };
  }
  const [certificate, key, staple] = [data(fields.certificate), data(fields.key), data(fields.staple)];
  if (!certificate || !key) return undefined;
  return {
    name: resource,
    tls_certificate: {
      certificate_chain: bytes(certificate),
      private_key: bytes(key),
      ...(staple ? { ocsp_staple: bytes(staple) } : {}),
    },
  };
}
