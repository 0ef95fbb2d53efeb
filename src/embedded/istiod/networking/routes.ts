/** RDS: the virtual hosts of a port, or of one service on an undeclared port, with the rules of VirtualServices for sidecars. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshProxy, MeshService, MeshSnapshot } from '../model.ts';
import { isHttp } from '../registry/protocol.ts';
import { hostFits, resolveHost } from './destination-rule.ts';
import { seconds } from './durations.ts';
import { addressesFor } from './instances.ts';
import { clusterName, configMetadata, passthrough, typed } from './names.ts';
import { peerHeaderValue } from './telemetry.ts';

/** The route configuration of that name, or undefined where there is no such port. */
export function routeConfiguration(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  services: MeshService[],
  name: string,
): any {
  const single = /^(.+):(\d+)$/.exec(name);
  const number = Number(single ? single[2] : name);
  const chosen = services.filter((service) =>
    service.ports.some(
      (port) => port.port === number && (single ? service.hostname === single[1] : isHttp(port.protocol)),
    ),
  );
  if (single && chosen.length === 0) return undefined;
  const taken = new Set<string>();
  const hosts = chosen.map((service) => virtualHost(snapshot, proxy, service, number, taken));
  // The listener of one service's address leads to no other, whatever name the request gives it.
  const isOnlyOne = single !== null && !chosen.some((service) => service.headless);
  if (isOnlyOne) hosts[0] = { ...hosts[0], domains: ['*'] };
  return {
    name,
    validate_clusters: false,
    virtual_hosts: [...hosts.filter((host) => host.domains.length > 0), ...(isOnlyOne ? [] : [catchAll(snapshot)])],
    max_direct_response_body_size_bytes: 1_048_576,
    ignore_port_in_host_matching: true,
  };
}

function virtualHost(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  service: MeshService,
  port: number,
  taken: Set<string>,
): any {
  const domains = domainsOf(service, proxy, snapshot.domain).filter(
    (domain) => !taken.has(domain) && taken.add(domain),
  );
  return {
    name: `${service.hostname}:${port}`,
    domains,
    include_request_attempt_count: true,
    request_headers_to_add: [peerHeaderValue(proxy)],
    routes: virtualServiceRoutes(snapshot, proxy, service, port) ?? [
      defaultRoute(clusterName('outbound', port, '', service.hostname)),
    ],
  };
}

/** All forms of a service's name that a client in the proxy's namespace may use, and its addresses. */
export function domainsOf(service: MeshService, proxy: MeshProxy, domain: string): string[] {
  const { hostname, name, namespace } = service;
  return [
    hostname,
    `${hostname}.`,
    ...(hostname.endsWith(`.svc.${domain}`)
      ? [...(namespace === proxy.namespace ? [name] : []), `${name}.${namespace}.svc`, `${name}.${namespace}`]
      : []),
    ...addressesFor(service, proxy),
  ];
}

const defaultRetry = {
  retry_on: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
  num_retries: 2,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: typed('extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
    },
  ],
  host_selection_retry_max_attempts: '5',
};

function defaultRoute(cluster: string): any {
  return {
    name: 'default',
    match: { prefix: '/' },
    route: {
      cluster,
      timeout: '0s',
      retry_policy: defaultRetry,
      max_stream_duration: { max_stream_duration: '0s', grpc_timeout_header_max: '0s' },
    },
  };
}

function catchAll(snapshot: MeshSnapshot): any {
  const allowed = snapshot.meshConfig.outboundTrafficPolicy.mode === 'ALLOW_ANY';
  return {
    name: allowed ? 'allow_any' : 'block_all',
    domains: ['*'],
    routes: [
      allowed
        ? { name: 'allow_any', match: { prefix: '/' }, route: { cluster: passthrough, timeout: '0s' } }
        : { name: 'block_all', match: { prefix: '/' }, direct_response: { status: 502 } },
    ],
  };
}

/**
 * Routes of the VirtualService that holds for the service: only one does, the one that names it most exactly, and of several the oldest.
 * What none of its rules takes has no route; undefined where no rule is about this port and this client at all.
 */
function virtualServiceRoutes(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  service: MeshService,
  port: number,
): any[] | undefined {
  const concerned = (snapshot.config.get('VirtualService') ?? [])
    .filter((one) => (one['spec']?.gateways ?? ['mesh']).includes('mesh') && isExportedTo(one, proxy.namespace))
    .map((one) => ({ one, rank: exactness(snapshot, one, service.hostname) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank);
  const owner = concerned[0]?.one;
  if (!owner) return undefined;
  const routes: any[] = (owner['spec']?.http ?? []).flatMap((rule: any, index: number) =>
    httpRoutes(snapshot, proxy, owner, rule, index, port),
  );
  return routes.length > 0 ? routes : undefined;
}

function exactness(snapshot: MeshSnapshot, { metadata, ...object }: KubeObject, hostname: string): number {
  const ranks = (object['spec']?.hosts ?? []).map((written: string) => {
    const host = resolveHost(written, metadata.namespace ?? '', snapshot.domain);
    return !hostFits(host, hostname) ? 0 : host === hostname ? 1_000 : host.length;
  });
  return Math.max(0, ...ranks);
}

function isExportedTo({ metadata, ...object }: KubeObject, namespace: string): boolean {
  const exportTo: string[] = object['spec']?.exportTo ?? [];
  if (exportTo.length === 0) return true;
  return exportTo.some((one) => one === '*' || one === namespace || (one === '.' && metadata.namespace === namespace));
}

function httpRoutes(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  owner: KubeObject,
  rule: any,
  index: number,
  port: number,
): any[] {
  const matches: any[] = rule.match?.length ? rule.match : [{}];
  return matches
    .filter((match) => appliesTo(match, proxy, port))
    .map((match) => ({
      name: rule.name ?? `${owner.metadata.name}.${index}`,
      match: routeMatch(match),
      metadata: { filter_metadata: { istio: configMetadata('virtual-service', owner.metadata) } },
      ...routeAction(snapshot, owner.metadata.namespace ?? '', rule, port),
      ...headerChanges(rule.headers),
      ...perFilterConfig(rule),
    }));
}

function appliesTo(match: any, proxy: MeshProxy, port: number): boolean {
  if (match.port !== undefined && match.port !== port) return false;
  if (match.sourceNamespace && match.sourceNamespace !== proxy.namespace) return false;
  if (match.gateways && !match.gateways.includes('mesh')) return false;
  return Object.entries(match.sourceLabels ?? {}).every(([key, value]) => proxy.labels[key] === value);
}

function stringMatch(value: any): any {
  if (value.exact !== undefined) return { exact: value.exact };
  if (value.prefix !== undefined) return { prefix: value.prefix };
  return { safe_regex: { regex: value.regex } };
}

function routeMatch(match: any): any {
  const { uri } = match;
  const path = !uri
    ? { prefix: '/' }
    : uri.exact !== undefined
      ? { path: uri.exact }
      : uri.prefix !== undefined
        ? { prefix: uri.prefix }
        : { safe_regex: { regex: uri.regex } };
  const header = (name: string, value: any) =>
    value && Object.keys(value).length > 0 ? { name, string_match: stringMatch(value) } : { name, present_match: true };
  const headers = [
    ...Object.entries(match.headers ?? {}).map(([name, value]) => header(name, value)),
    ...Object.entries(match.withoutHeaders ?? {}).map(([name, value]) => ({
      ...header(name, value),
      invert_match: true,
    })),
    ...(match.method ? [header(':method', match.method)] : []),
    ...(match.authority ? [header(':authority', match.authority)] : []),
    ...(match.scheme ? [header(':scheme', match.scheme)] : []),
  ];
  const query_parameters = Object.entries<any>(match.queryParams ?? {}).map(([name, value]) => ({
    name,
    string_match: stringMatch(value),
  }));
  return {
    ...path,
    ...(match.ignoreUriCase ? { case_sensitive: false } : {}),
    ...(headers.length > 0 ? { headers } : {}),
    ...(query_parameters.length > 0 ? { query_parameters } : {}),
  };
}

function routeAction(snapshot: MeshSnapshot, namespace: string, rule: any, port: number): any {
  if (rule.redirect) {
    const { uri, authority, redirectCode = 301, scheme } = rule.redirect;
    const codes: Record<number, string> = {
      301: 'MOVED_PERMANENTLY',
      302: 'FOUND',
      303: 'SEE_OTHER',
      307: 'TEMPORARY_REDIRECT',
      308: 'PERMANENT_REDIRECT',
    };
    return {
      redirect: {
        ...(uri ? { path_redirect: uri } : {}),
        ...(authority ? { host_redirect: authority } : {}),
        ...(scheme ? { scheme_redirect: scheme } : {}),
        response_code: codes[redirectCode] ?? 'MOVED_PERMANENTLY',
      },
    };
  }
  if (rule.directResponse)
    return {
      direct_response: {
        status: rule.directResponse.status,
        ...(rule.directResponse.body?.string ? { body: { inline_string: rule.directResponse.body.string } } : {}),
      },
    };
  const destinations: any[] = rule.route ?? [];
  const cluster = ({ destination }: any): string =>
    clusterName(
      'outbound',
      destination.port?.number ?? port,
      destination.subset ?? '',
      resolveHost(destination.host, namespace, snapshot.domain),
    );
  const target =
    destinations.length === 1
      ? { cluster: cluster(destinations[0]) }
      : {
          weighted_clusters: {
            clusters: destinations
              .filter((one) => one.weight !== 0)
              .map((one) => ({ name: cluster(one), weight: one.weight ?? 1, ...headerChanges(one.headers) })),
          },
        };
  return {
    route: {
      ...target,
      timeout: seconds(rule.timeout) ?? '0s',
      retry_policy: retryPolicy(rule.retries),
      ...(rule.rewrite?.uri ? { prefix_rewrite: rule.rewrite.uri } : {}),
      ...(rule.rewrite?.authority ? { host_rewrite_literal: rule.rewrite.authority } : {}),
      ...(rule.mirror
        ? {
            request_mirror_policies: [
              {
                cluster: cluster({ destination: rule.mirror }),
                runtime_fraction: { default_value: { numerator: rule.mirrorPercentage?.value ?? 100 } },
              },
            ],
          }
        : {}),
    },
  };
}

function retryPolicy(retries: any): any {
  if (!retries) return defaultRetry;
  if (retries.attempts === 0) return undefined;
  return {
    ...defaultRetry,
    num_retries: retries.attempts ?? 2,
    ...(retries.retryOn ? { retry_on: retries.retryOn } : {}),
    ...(seconds(retries.perTryTimeout) ? { per_try_timeout: seconds(retries.perTryTimeout) } : {}),
  };
}

function headerChanges(headers: any): any {
  const list = (map: Record<string, string> | undefined, append_action: string) =>
    Object.entries(map ?? {}).map(([key, value]) => ({ header: { key, value }, append_action }));
  const changes = (side: any) => [
    ...list(side?.set, 'OVERWRITE_IF_EXISTS_OR_ADD'),
    ...list(side?.add, 'APPEND_IF_EXISTS_OR_ADD'),
  ];
  const entries: Record<string, unknown[]> = {
    request_headers_to_add: changes(headers?.request),
    request_headers_to_remove: headers?.request?.remove ?? [],
    response_headers_to_add: changes(headers?.response),
    response_headers_to_remove: headers?.response?.remove ?? [],
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value.length > 0));
}

/** Faults and CORS are filters of every proxy that do nothing but for the routes that say what. */
function perFilterConfig({ fault, corsPolicy }: any): any {
  const config: Record<string, unknown> = {};
  if (fault) config['envoy.filters.http.fault'] = typed('extensions.filters.http.fault.v3.HTTPFault', faultOf(fault));
  if (corsPolicy)
    config['envoy.filters.http.cors'] = typed('extensions.filters.http.cors.v3.CorsPolicy', corsOf(corsPolicy));
  return Object.keys(config).length === 0 ? {} : { typed_per_filter_config: config };
}

/** Istio's percentages have four decimals; without one every request is meant. */
const fraction = (percentage: { value?: number } | undefined) => ({
  numerator: Math.round((percentage?.value ?? 100) * 10_000),
  denominator: 'MILLION',
});

function faultOf({ delay, abort }: any): any {
  return {
    ...(delay?.fixedDelay ? { delay: { fixed_delay: delay.fixedDelay, percentage: fraction(delay.percentage) } } : {}),
    ...(abort
      ? {
          abort: {
            ...(abort.grpcStatus === undefined
              ? { http_status: abort.httpStatus }
              : { grpc_status: grpcStatuses.indexOf(abort.grpcStatus) }),
            percentage: fraction(abort.percentage),
          },
        }
      : {}),
  };
}

const grpcStatuses =
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'.split(
    ' ',
  );

function corsOf(policy: any): any {
  const joined = (list: string[] | undefined, key: string) => (list?.length ? { [key]: list.join(',') } : {});
  return {
    allow_origin_string_match: [
      ...(policy.allowOrigins ?? []).map(stringMatch),
      ...(policy.allowOrigin ?? []).map((exact: string) => ({ exact })),
    ],
    ...joined(policy.allowMethods, 'allow_methods'),
    ...joined(policy.allowHeaders, 'allow_headers'),
    ...joined(policy.exposeHeaders, 'expose_headers'),
    ...(policy.maxAge ? { max_age: seconds(policy.maxAge)?.replace('s', '') } : {}),
    ...(policy.allowCredentials === undefined ? {} : { allow_credentials: policy.allowCredentials }),
    filter_enabled: { default_value: { numerator: 100 } },
  };
}
