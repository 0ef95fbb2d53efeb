/**
 * Action CUSTOM: a shadow RBAC filter notes whether a rule fits, and an ext_authz filter asks the provider of meshConfig.extensionProviders
 * about the requests that do. A provider that is missing or cannot be used denies what the rules name, as Istio does.
 */
import type { MeshSnapshot } from '../model.ts';
import { seconds } from '../networking/durations.ts';
import { typed } from '../networking/names.ts';
import { providerCluster } from '../networking/provider-cluster.ts';
import { type FilterKind, rbacFilter } from './rbac-filter.ts';

interface CustomRules {
  provider: string;
  /** Whether other providers are asked for the same workload. */
  others: boolean;
  kind: FilterKind;
  enforced: { action: string; policies: Record<string, any> };
  shadow?: any;
}

const shadowKey = 'istio_ext_authz_';

export function customFilters(snapshot: MeshSnapshot, rules: CustomRules): any[] {
  const { provider, others, kind, enforced, shadow } = rules;
  const config = others ? undefined : extAuthz(snapshot, provider);
  if (!config) {
    const policies = Object.entries(enforced.policies).map(([name, one]) => [
      `${name}-deny-due-to-bad-CUSTOM-action`,
      one,
    ]);
    return [rbacFilter(kind, { rules: { action: 'DENY', policies: Object.fromEntries(policies) } })];
  }
  // A provider that speaks HTTP is not asked about TCP.
  if (kind === 'tcp' && !config.tcp) return [];
  const rbac = rbacFilter(kind, {
    ...(shadow ? { rules: shadow } : {}),
    shadow_rules: enforced,
    shadow_rules_stat_prefix: shadowKey,
  });
  const filter_enabled_metadata = {
    filter: rbac.name,
    path: [{ key: `${shadowKey}shadow_effective_policy_id` }],
    value: { string_match: { prefix: `istio-ext-authz-${provider}` } },
  };
  return [
    rbac,
    {
      name: `envoy.filters.${kind === 'http' ? 'http' : 'network'}.ext_authz`,
      typed_config: typed(`extensions.filters.${kind === 'http' ? 'http' : 'network'}.ext_authz.v3.ExtAuthz`, {
        ...config[kind],
        filter_enabled_metadata,
      }),
    },
  ];
}

/** The filters of a provider, or undefined when there is none that can be used. */
function extAuthz(snapshot: MeshSnapshot, name: string): { http: any; tcp?: any } | undefined {
  const found = ((snapshot.meshConfig.raw['extensionProviders'] as any[] | undefined) ?? []).filter(
    (one) => one?.name === name,
  );
  const [provider] = found;
  const settings = provider?.envoyExtAuthzHttp ?? provider?.envoyExtAuthzGrpc;
  if (found.length !== 1 || !settings || !isUsable(name, settings)) return undefined;
  const target = providerCluster(snapshot, settings.service, settings.port);
  if (!target) return undefined;
  const common = {
    ...(settings.failOpen ? { failure_mode_allow: true } : {}),
    transport_api_version: 'V3',
  };
  const http = {
    ...common,
    ...(settings.statusOnError ? { status_on_error: { code: Number(settings.statusOnError) } } : {}),
    ...bodySettings(settings.includeRequestBodyInCheck),
  };
  const timeout = seconds(settings.timeout) ?? '600s';
  if (provider.envoyExtAuthzGrpc) {
    const grpc_service = { envoy_grpc: { cluster_name: target.cluster, authority: target.host }, timeout };
    return { http: { ...http, grpc_service }, tcp: { ...common, stat_prefix: 'tcp.', grpc_service } };
  }
  return { http: { ...http, ...httpService(settings, target, timeout) } };
}

/** Codes that Envoy has names for: it refuses a listener with another. */
const statusCode = /^(100|20[0-8]|226|30[0-578]|4(0\d|1[0-7]|2[1-4689]|31)|5(0[0-8]|1[01]))$/;
const headerLists = [
  'includeRequestHeadersInCheck',
  'includeHeadersInCheck',
  'headersToUpstreamOnAllow',
  'headersToDownstreamOnDeny',
  'headersToDownstreamOnAllow',
];

/** What Istio's own checks of a provider refuse. */
function isUsable(name: string, settings: any): boolean {
  return (
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name) &&
    (!settings.statusOnError || statusCode.test(String(settings.statusOnError))) &&
    (!settings.pathPrefix || String(settings.pathPrefix).startsWith('/')) &&
    headerLists.every((one) => !settings[one]?.includes('*'))
  );
}

function bodySettings(body: any): any {
  if (!body) return {};
  return {
    with_request_body: {
      max_request_bytes: body.maxRequestBytes ?? 0,
      allow_partial_message: body.allowPartialMessage ?? false,
      pack_as_bytes: body.packAsBytes ?? false,
    },
  };
}

function httpService(settings: any, target: { host: string; cluster: string }, timeout: string): any {
  const allowed = headers(settings.includeRequestHeadersInCheck) ?? headers(settings.includeHeadersInCheck);
  const added = Object.entries(settings.includeAdditionalHeadersInCheck ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value: String(value) }));
  const response = {
    allowed_upstream_headers: headers(settings.headersToUpstreamOnAllow),
    allowed_client_headers: headers(settings.headersToDownstreamOnDeny),
    allowed_client_headers_on_success: headers(settings.headersToDownstreamOnAllow),
  };
  const said = Object.fromEntries(Object.entries(response).filter(([, value]) => value !== undefined));
  return {
    http_service: {
      ...(settings.pathPrefix ? { path_prefix: settings.pathPrefix } : {}),
      // Envoy asks for an address, and goes by the cluster.
      server_uri: { timeout, uri: `http://${target.host}`, cluster: target.cluster },
      ...(added.length > 0 ? { authorization_request: { headers_to_add: added } } : {}),
      ...(Object.keys(said).length > 0 ? { authorization_response: said } : {}),
    },
    ...(allowed ? { allowed_headers: allowed } : {}),
  };
}

function headers(names: string[] | undefined): any {
  if (!names?.length) return undefined;
  return {
    patterns: names.map((name) => ({
      ignore_case: true,
      ...(name.startsWith('*')
        ? { suffix: name.slice(1) }
        : name.endsWith('*')
          ? { prefix: name.slice(0, -1) }
          : { exact: name }),
    })),
  };
}
