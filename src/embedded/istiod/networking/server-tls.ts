/**
 * TLS that a server of a Gateway, or of a Sidecar's ingress, ends. Certificates come by SDS: those of a credentialName from istiod, which
 * reads the Secret; the workload's own, and files, from the node agent.
 */
import { credentialResource, typed } from './names.ts';
import { agentSecret, anyName, istiodSecret } from './tls.ts';

const httpAlpn = ['h2', 'http/1.1'];

/** @param tls ServerTLSSettings. @param kind what comes after TLS. */
export function serverTls(tls: any, kind: 'http' | 'tcp'): any {
  const mode: string = tls.mode ?? 'SIMPLE';
  const isIstio = mode === 'ISTIO_MUTUAL';
  const requires = mode === 'MUTUAL' || isIstio;
  const { certificates, root } = secretsOf(tls, isIstio);
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      require_client_certificate: requires,
      common_tls_context: {
        ...(isIstio ? {} : parametersOf(tls)),
        tls_certificate_sds_secret_configs: certificates,
        ...(requires || mode === 'OPTIONAL_MUTUAL' ? validation(tls, root) : {}),
        alpn_protocols: isIstio && kind === 'tcp' ? ['istio-peer-exchange', ...httpAlpn] : httpAlpn,
      },
    }),
  };
}

function secretsOf(tls: any, isIstio: boolean): { certificates: any[]; root: any } {
  if (isIstio) return { certificates: [agentSecret('default')], root: agentSecret('ROOTCA') };
  const names: string[] = tls.credentialNames?.length
    ? tls.credentialNames
    : tls.credentialName
      ? [tls.credentialName]
      : [];
  if (names.length > 0)
    return {
      certificates: names.map((name) => istiodSecret(credentialResource(name))),
      root: istiodSecret(tls.caCertCredentialName ?? `${credentialResource(names[0]!)}-cacert`),
    };
  const files: any[] = tls.tlsCertificates?.length ? tls.tlsCertificates : [tls];
  return {
    certificates: files.map((one) => agentSecret(`file-cert:${one.serverCertificate}~${one.privateKey}`)),
    root: agentSecret(`file-root:${tls.caCertificates}`),
  };
}

function validation(tls: any, root: any): any {
  const names: string[] = tls.subjectAltNames ?? [];
  return {
    combined_validation_context: {
      default_validation_context: {
        ...(names.length > 0 ? { match_typed_subject_alt_names: names.flatMap(anyName) } : {}),
        ...(tls.verifyCertificateSpki ? { verify_certificate_spki: tls.verifyCertificateSpki } : {}),
        ...(tls.verifyCertificateHash ? { verify_certificate_hash: tls.verifyCertificateHash } : {}),
      },
      validation_context_sds_secret_config: root,
    },
  };
}

const versions: Record<string, string> = {
  TLSV1_0: 'TLSv1_0',
  TLSV1_1: 'TLSv1_1',
  TLSV1_2: 'TLSv1_2',
  TLSV1_3: 'TLSv1_3',
};

function parametersOf(tls: any): any {
  const least = versions[tls.minProtocolVersion];
  const most = versions[tls.maxProtocolVersion];
  const parameters = {
    ...(least ? { tls_minimum_protocol_version: least } : {}),
    ...(most ? { tls_maximum_protocol_version: most } : {}),
    ...(tls.cipherSuites?.length ? { cipher_suites: tls.cipherSuites } : {}),
  };
  return Object.keys(parameters).length > 0 ? { tls_params: parameters } : {};
}
