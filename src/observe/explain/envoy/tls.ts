/** TLS of a proxy's connections: which context an endpoint gets, and the certificates that are at hand. */
import type { ProxyDump } from './dump.ts';
import type { Endpoint } from './endpoints.ts';

export interface UpstreamTls {
  /** `mutual`: Istio's own certificates. `simple`: others, or none of the client's. */
  kind: 'none' | 'mutual' | 'simple';
  /** Name of the match, as in tlsMode-istio; empty when the cluster has one socket for all. */
  match: string;
  sni: string;
  /** Names of which the server's certificate must have one; empty: any. */
  serverNames: any[];
  alpn: string[];
}

/** A connection without any. */
export const plainText: UpstreamTls = { kind: 'none', match: '', sni: '', serverNames: [], alpn: [] };

/** The transport socket that a cluster uses for an endpoint. */
export function upstreamTls(cluster: any, endpoint: Pick<Endpoint, 'tlsMode'>): UpstreamTls {
  const metadata: Record<string, unknown> = endpoint.tlsMode ? { tlsMode: endpoint.tlsMode } : {};
  const matched = (cluster.transport_socket_matches ?? []).find((one: any) =>
    Object.entries(one.match ?? {}).every(([key, value]) => metadata[key] === value),
  );
  const socket = matched?.transport_socket ?? cluster.transport_socket;
  const context = socket?.typed_config ?? {};
  const common = context.common_tls_context;
  if (!common) return { kind: 'none', match: matched?.name ?? '', sni: '', serverNames: [], alpn: [] };
  const validation = common.combined_validation_context?.default_validation_context ?? common.validation_context ?? {};
  const isIstios = (common.tls_certificate_sds_secret_configs ?? []).some((one: any) => one.name === 'default');
  return {
    kind: isIstios ? 'mutual' : 'simple',
    match: matched?.name ?? '',
    sni: context.sni ?? '',
    serverNames: (
      validation.match_typed_subject_alt_names?.map((one: any) => one.matcher) ??
      validation.match_subject_alt_names ??
      []
    ).filter(Boolean),
    alpn: common.alpn_protocols ?? [],
  };
}

/** The ALPN that is really sent: filters of the connection manager may override what the cluster says. */
export function sentAlpn(manager: any, cluster: any, tls: UpstreamTls): string[] {
  for (const filter of manager?.http_filters ?? []) {
    const config = filter.typed_config ?? {};
    const overrides: any[] = config.alpn_override ?? config.value?.alpn_override ?? [];
    const wanted = isHttp2(cluster) ? 'HTTP2' : 'HTTP11';
    const found = overrides.find((one) => (one.upstream_protocol ?? 'HTTP10') === wanted);
    if (found) return found.alpn_override;
    const state = (config.on_request_headers ?? []).find(
      (one: any) => one.object_key === 'envoy.network.application_protocols',
    );
    if (state) return String(state.format_string?.text_format_source?.inline_string ?? '').split(',');
  }
  return tls.alpn;
}

function isHttp2(cluster: any): boolean {
  const options = cluster.typed_extension_protocol_options?.['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'];
  return Boolean(options?.explicit_http_config?.http2_protocol_options);
}

/** The proxy's own certificate with its chain, as PEM; undefined while it has none. */
export function ownCertificate(dump: Pick<ProxyDump, 'secrets'>): string | undefined {
  return dataOf(dump.secrets.get('default')?.tls_certificate?.certificate_chain);
}

/** The roots that the proxy trusts, as PEM. */
export function trustedRoots(dump: Pick<ProxyDump, 'secrets'>): string | undefined {
  const secret = dump.secrets.get('ROOTCA')?.validation_context;
  return dataOf(secret?.trusted_ca);
}

function dataOf(source: any): string | undefined {
  if (source?.inline_string) return source.inline_string;
  return source?.inline_bytes ? Buffer.from(source.inline_bytes, 'base64').toString('utf8') : undefined;
}

/** Whether a filter chain ends mutual TLS, and which names of clients it accepts. */
export function downstreamTls(chain: any): { terminates: boolean; mutual: boolean; clientNames: any[] } {
  const context = chain?.transport_socket?.typed_config;
  const common = context?.common_tls_context;
  if (!common) return { terminates: false, mutual: false, clientNames: [] };
  const validation = common.combined_validation_context?.default_validation_context ?? common.validation_context ?? {};
  return {
    terminates: true,
    mutual: context.require_client_certificate === true,
    clientNames: (
      validation.match_typed_subject_alt_names?.map((one: any) => one.matcher) ??
      validation.match_subject_alt_names ??
      []
    ).filter(Boolean),
  };
}
