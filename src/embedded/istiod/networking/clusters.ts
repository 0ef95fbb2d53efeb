/** CDS: the clusters of sidecars and gateways. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshProxy, MeshService, MeshSnapshot, ServicePort } from '../model.ts';
import { isHttp2 } from '../registry/protocol.ts';
import { clusterTls } from './cluster-tls.ts';
import { connections, httpOptions, limits, protocolOptions, speaksHttp2 } from './connection-pool.ts';
import { destinationRuleFor, type Subset, subsetsOf, trafficPolicy } from './destination-rule.ts';
import { loadAssignmentOf } from './endpoints.ts';
import { byTargetPort, type ServiceInstance } from './instances.ts';
import { balancing, commonBalancing, outlierDetection } from './load-balancing.ts';
import {
  blackHole,
  clusterName,
  configMetadata,
  inboundPassthrough,
  passthrough,
  sniName,
  socketAddress,
  typed,
} from './names.ts';
import { scopeOf } from './scope.ts';

export function outboundClusters(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  return eachPort(snapshot, proxy, (service, port, subset, rule) =>
    outboundCluster(snapshot, proxy, service, port, subset, rule),
  );
}

/** For each port of each service, and for each subset of it. */
function eachPort(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  make: (service: MeshService, port: ServicePort, subset: Subset | undefined, rule: KubeObject | undefined) => any,
): any[] {
  return scopeOf(snapshot, proxy)
    .services.flatMap((service) => {
      const rule = destinationRuleFor(snapshot, proxy, service);
      return service.ports
        .filter((port) => port.protocol !== 'UDP')
        .flatMap((port) => [undefined, ...subsetsOf(rule)].map((subset) => make(service, port, subset, rule)));
    })
    .filter((cluster) => cluster !== undefined);
}

function outboundCluster(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  service: MeshService,
  port: ServicePort,
  subset: Subset | undefined,
  rule: KubeObject | undefined,
): any {
  const { meshConfig } = snapshot;
  const part = subset?.name ?? '';
  const name = clusterName('outbound', port.port, part, service.hostname);
  const policy = withDefaults(snapshot, trafficPolicy(rule, subset, port.port));
  const discovery = discoveryOf(snapshot, proxy, service, port, name, policy);
  // What DNS is to find and nobody has named is no cluster at all.
  if (!discovery) return undefined;
  const direct = discovery.type === 'ORIGINAL_DST';
  // A router's listeners do not sniff.
  const likeDownstream = port.protocol === 'UNSUPPORTED' && proxy.type === 'sidecar';
  const http2 = !likeDownstream && speaksHttp2(meshConfig, port, policy);
  const bySelector = rule?.['spec']?.workloadSelector !== undefined;
  const tls = clusterTls({ snapshot, proxy, service, port, subset: part, policy, http2, direct, bySelector });
  return {
    ...base(snapshot, name, policy),
    ...discovery,
    metadata: serviceMetadata(service, part, rule, tls.isStated),
    ...protocolOptions({ http2, likeDownstream, upstream: tls.upstream }, policy),
    ...tls.fields,
  };
}

/** What the mesh says for rules that say nothing. */
function withDefaults(snapshot: MeshSnapshot, policy: any): any {
  const defaults: any = snapshot.meshConfig.raw['defaultTrafficPolicy'];
  return defaults ? { ...defaults, ...policy } : policy;
}

/** Where a cluster has its endpoints from. Gateways dial nobody directly: nothing tells them an original address. */
function discoveryOf(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  service: MeshService,
  port: ServicePort,
  name: string,
  policy: any,
): any {
  const isDirect = service.resolution === 'Passthrough' && proxy.type === 'sidecar';
  if (isDirect || policy?.loadBalancer?.simple === 'PASSTHROUGH')
    return { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' };
  if (service.resolution !== 'DNSLB' && service.resolution !== 'DNSRoundRobinLB') return eds(name);
  const { host, subset } = partsOf(name);
  const assignment = loadAssignmentOf(snapshot, proxy, name, service, { port: port.port, subset, host, isSni: false });
  if (assignment.endpoints.length === 0) return undefined;
  const refresh: any = snapshot.meshConfig.raw['dnsRefreshRate'];
  return {
    type: service.resolution === 'DNSLB' ? 'STRICT_DNS' : 'LOGICAL_DNS',
    dns_lookup_family: 'V4_ONLY',
    dns_refresh_rate: refresh ?? '60s',
    // Many proxies that ask at once would ask at once again.
    dns_jitter: '0.100s',
    respect_dns_ttl: true,
    typed_dns_resolver_config: {
      name: 'envoy.network.dns_resolver.cares',
      typed_config: typed('extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig', { udp_max_queries: 100 }),
    },
    load_assignment: assignment,
  };
}

const partsOf = (name: string): { subset: string; host: string } => {
  const [, , subset = '', host = ''] = name.split('|');
  return { subset, host };
};

const eds = (name: string): any => ({
  type: 'EDS',
  eds_cluster_config: {
    service_name: name,
    eds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
  },
});

function base(snapshot: MeshSnapshot, name: string, policy: any): any {
  return {
    name,
    alt_stat_name: `${name};`,
    ...connections(snapshot.meshConfig, policy),
    ...balancing(policy),
    ...limits(policy),
    ...commonBalancing(snapshot.meshConfig, policy),
    ...outlierDetection(policy?.outlierDetection),
  };
}

/** Istio's own metadata, and the same flat, for the formatters of metrics. */
function serviceMetadata(service: MeshService, subset: string, rule?: KubeObject, hasStatedTls = false): any {
  const { hostname: host, name, namespace } = service;
  return {
    filter_metadata: {
      istio: {
        services: [{ host, name, namespace }],
        ...(subset ? { subset } : {}),
        ...(rule ? configMetadata('destination-rule', rule.metadata) : {}),
        ...(service.meshExternal ? { external: true } : {}),
        ...(hasStatedTls ? { alpn_override: 'false' } : {}),
      },
      isthmus: { host, name, namespace },
    },
  };
}

/** What a gateway passes on by SNI: the same endpoints, with no TLS of its own. */
export function sniClusters(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  return eachPort(snapshot, proxy, (service, port, subset, rule) => {
    if (service.meshExternal) return undefined;
    const name = sniName(port.port, subset?.name ?? '', service.hostname);
    const policy = withDefaults(snapshot, trafficPolicy(rule, subset, port.port));
    return {
      ...base(snapshot, name, policy),
      ...eds(name),
      metadata: serviceMetadata(service, subset?.name ?? '', rule),
      ...protocolOptions({ http2: speaksHttp2(snapshot.meshConfig, port, policy), likeDownstream: false }, policy),
    };
  });
}

/** The proxy's mark must be said again where a cluster binds its own source. */
const localBind = {
  source_address: { address: '127.0.0.6', port_value: 0 },
  socket_options: [{ description: 'SO_MARK', level: 1, name: 36, int_value: 1337, state: 'STATE_PREBIND' }],
};

export function inboundClusters(snapshot: MeshSnapshot, proxy: MeshProxy, instances: ServiceInstance[]): any[] {
  return [...byTargetPort(instances).values()].map((instance) => {
    const { targetPort, service, port, endpoint } = instance;
    const rule = service && destinationRuleFor(snapshot, { namespace: proxy.namespace, labels: {} }, service);
    const pool = instance.connectionPool ?? trafficPolicy(rule, undefined, port.port).connectionPool;
    const policy = pool ? { connectionPool: pool } : {};
    const name = clusterName('inbound', targetPort, '', '');
    const isLocal = endpoint?.address.startsWith('127.');
    return {
      name,
      alt_stat_name: `${name};`,
      ...connections(snapshot.meshConfig, policy),
      ...limits(policy),
      ...(endpoint
        ? {
            type: 'STATIC',
            load_assignment: {
              cluster_name: name,
              endpoints: [
                { lb_endpoints: [{ endpoint: { address: socketAddress(endpoint.address, endpoint.port) } }] },
              ],
            },
          }
        : { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' }),
      ...(isLocal ? {} : { upstream_bind_config: localBind }),
      metadata: service ? serviceMetadata(service, '', rule) : ownMetadata(proxy),
      ...protocolOptions({ http2: isHttp2(port.protocol), likeDownstream: port.protocol === 'UNSUPPORTED' }, policy),
    };
  });
}

/** A port that only a Sidecar speaks of belongs to no service: metrics name the workload's host in its place. */
const ownMetadata = ({ namespace, labels }: MeshProxy): any => {
  const name = labels['service.istio.io/canonical-name'] ?? labels['app'] ?? 'unknown';
  return { filter_metadata: { isthmus: { host: name, name, namespace } } };
};

export function fixedClusters(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  const timeout = `${snapshot.meshConfig.connectTimeout / 1000}s`;
  const metadata = (name: string) => ({
    filter_metadata: { isthmus: { host: 'unknown', name, namespace: 'unknown' } },
  });
  const original = (name: string, bind: any) => ({
    name,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: timeout,
    ...limits(),
    ...httpOptions({
      common_http_protocol_options: { idle_timeout: '300s' },
      use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
    }),
    metadata: metadata(name),
    ...bind,
  });
  const hole = { name: blackHole, type: 'STATIC', connect_timeout: timeout, metadata: metadata(blackHole) };
  if (proxy.type === 'router') return [hole];
  return [hole, original(passthrough, {}), original(inboundPassthrough, { upstream_bind_config: localBind })];
}
