/** TLS contexts. Certificates come from the node agent over the static cluster sds-grpc, as Istio has it. */
import { typed } from './names.ts';

const sds = (name: string) => ({
  name,
  sds_config: {
    api_config_source: {
      api_type: 'GRPC',
      transport_api_version: 'V3',
      set_node_on_first_message_only: true,
      grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
    },
    initial_fetch_timeout: '0s',
    resource_api_version: 'V3',
  },
});

const ciphers = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
];

const sanMatcher = (matcher: Record<string, string>) => ({ san_type: 'URI', matcher });

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

/** TLS to a service outside of the mesh, as a DestinationRule's tls asks for it. */
export function upstreamSimpleTls(tls: any, fallbackSni: string) {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni: tls.sni ?? fallbackSni,
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: tls.caCertificates ?? '/etc/ssl/certs/ca-certificates.crt' },
          match_typed_subject_alt_names: (tls.subjectAltNames ?? []).flatMap((exact: string) =>
            ['URI', 'DNS'].map((san_type) => ({ san_type, matcher: { exact } })),
          ),
        },
      },
    }),
  };
}
