/** TLS contexts. Certificates come from the node agent over the static cluster sds-grpc, as Istio has it. */
import { credentialResource, typed } from './names.ts';

const agent = {
  api_config_source: {
    api_type: 'GRPC',
    transport_api_version: 'V3',
    set_node_on_first_message_only: true,
    grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
  },
  resource_api_version: 'V3',
};

/** The mesh's own certificates are waited for without an end; files may never come. */
const sds = (name: string) => ({ name, sds_config: { ...agent, initial_fetch_timeout: '0s' } });
export const agentSecret = (name: string) => (name.startsWith('file-') ? { name, sds_config: agent } : sds(name));
/** Secrets of Kubernetes come over the same stream as all configuration. */
export const istiodSecret = (name: string) => ({ name, sds_config: { ads: {}, resource_api_version: 'V3' } });

const ciphers = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
];

const sanMatcher = (matcher: Record<string, string>) => ({ san_type: 'URI', matcher });
/** A name of either kind that certificates have. */
export const anyName = (exact: string) => ['URI', 'DNS'].map((san_type) => ({ san_type, matcher: { exact } }));

/** Mutual TLS towards a service: only the accounts of its endpoints are accepted as its name. */
export function upstreamMtls(sni: string, accounts: string[], alpn: string[]) {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni,
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
        tls_certificate_sds_secret_configs: [sds('default')],
        combined_validation_context: {
          default_validation_context: { match_typed_subject_alt_names: accounts.map((exact) => sanMatcher({ exact })) },
          validation_context_sds_secret_config: sds('ROOTCA'),
        },
        alpn_protocols: alpn,
      },
    }),
  };
}

/** Mutual TLS of a workload: any account of the mesh's trust domains may come; who may do what is for policies to say. */
export function downstreamMtls(trustDomains: string[], kind: 'http' | 'tcp') {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      require_client_certificate: true,
      common_tls_context: {
        tls_params: {
          tls_minimum_protocol_version: 'TLSv1_2',
          tls_maximum_protocol_version: 'TLSv1_3',
          cipher_suites: ciphers,
        },
        tls_certificate_sds_secret_configs: [sds('default')],
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: trustDomains.map((domain) => sanMatcher({ prefix: `spiffe://${domain}/` })),
          },
          validation_context_sds_secret_config: sds('ROOTCA'),
        },
        alpn_protocols: kind === 'http' ? ['h2', 'http/1.1'] : ['istio-peer-exchange', 'h2', 'http/1.1'],
      },
    }),
  };
}

/**
 * TLS as a DestinationRule's tls asks for it, SIMPLE or MUTUAL.
 * @param stated names that a ServiceEntry says its endpoints have, where the rule says none
 */
export function upstreamStatedTls(tls: any, stated: string[], isHttp2: boolean) {
  const names: string[] = tls.subjectAltNames?.length ? tls.subjectAltNames : stated;
  const credential = tls.credentialName ? credentialResource(tls.credentialName) : undefined;
  const root = credential
    ? istiodSecret(`${credential}-cacert`)
    : agentSecret(`file-root:${tls.caCertificates || 'system'}`);
  const own = credential
    ? istiodSecret(credential)
    : agentSecret(`file-cert:${tls.clientCertificate}~${tls.privateKey}`);
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      ...(tls.sni ? { sni: tls.sni } : {}),
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
        ...(tls.mode === 'MUTUAL' ? { tls_certificate_sds_secret_configs: [own] } : {}),
        ...(tls.insecureSkipVerify
          ? { validation_context: {} }
          : {
              combined_validation_context: {
                default_validation_context: { match_typed_subject_alt_names: names.flatMap(anyName) },
                validation_context_sds_secret_config: root,
              },
            }),
        ...(isHttp2 ? { alpn_protocols: ['h2'] } : {}),
      },
    }),
  };
}
