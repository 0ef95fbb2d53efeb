import { describe, expect, it } from 'vitest';
import { planted, plantedProxy, plantedSnapshot } from '../../../../test/support/planted-snapshot.ts';
import { encodeMessage } from '../../proto/index.ts';
import { clustersFor, extensionFor, listenersFor, routesFor } from '../networking/index.ts';

const manager = 'envoy.filters.network.http_connection_manager';
const lua = (name: string) => ({
  name,
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
    defaultSourceCode: { inlineString: 'x' },
  },
});
const filter = (configPatches: object[], more: Record<string, any> = {}) =>
  planted('EnvoyFilter', more['name'] ?? 'f', { ...more, configPatches }, more['metadata'] ?? {});

type Object = ReturnType<typeof filter>;

function listeners(objects: Object[], proxy = plantedProxy()): any[] {
  const made = listenersFor(plantedSnapshot(objects), proxy);
  for (const one of made) encodeMessage('envoy.config.listener.v3.Listener', one);
  return made;
}
const listener = (name: string, ...objects: Object[]): any => listeners(objects).find((one) => one.name === name);
const managerOf = (one: any, chain = 0): any =>
  one.filter_chains[chain].filters.find((each: any) => each.name === manager).typed_config;
const httpNames = (one: any, chain = 0): string[] => managerOf(one, chain).http_filters.map((each: any) => each.name);
/** The chain of the port 8080 that ends mutual TLS. */
const inboundChain = (one: any): number =>
  one.filter_chains.findIndex((each: any) => each.filter_chain_match?.destination_port === 8080);

const http = (operation: string, name: string, context = 'SIDECAR_OUTBOUND', subFilter?: string, more = {}) => ({
  applyTo: 'HTTP_FILTER',
  match: {
    context,
    ...more,
    listener: { filterChain: { filter: { name: manager, ...(subFilter ? { subFilter: { name: subFilter } } : {}) } } },
  },
  patch: { operation, value: lua(name) },
});

describe('HTTP filters', () => {
  it('are inserted where the patch says', () => {
    const made = listener(
      '0.0.0.0_80',
      filter([
        http('INSERT_FIRST', 'first'),
        http('INSERT_BEFORE', 'before', 'SIDECAR_OUTBOUND', 'envoy.filters.http.router'),
        http('INSERT_AFTER', 'after', 'ANY', 'envoy.filters.http.cors'),
        http('INSERT_AFTER', 'nowhere', 'SIDECAR_OUTBOUND', 'envoy.filters.http.unknown'),
        http('INSERT_FIRST', 'elsewhere', 'GATEWAY'),
      ]),
    );
    const names = httpNames(made);
    expect(names[0]).toBe('first');
    expect(names.slice(-3)).toEqual(['after', 'before', 'envoy.filters.http.router']);
    expect(names).not.toContain('nowhere');
    expect(names).not.toContain('elsewhere');
  });

  it('are replaced, removed and merged', () => {
    const made = listener(
      '0.0.0.0_80',
      filter([
        http('REPLACE', 'replaced', 'SIDECAR_OUTBOUND', 'envoy.filters.http.fault'),
        { ...http('REMOVE', '', 'SIDECAR_OUTBOUND', 'envoy.filters.http.cors'), patch: { operation: 'REMOVE' } },
        {
          ...http('MERGE', '', 'SIDECAR_OUTBOUND', 'envoy.filters.http.router'),
          patch: {
            operation: 'MERGE',
            value: {
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                suppressEnvoyHeaders: true,
              },
            },
          },
        },
      ]),
    );
    expect(httpNames(made)).toContain('replaced');
    expect(httpNames(made)).not.toContain('envoy.filters.http.cors');
    expect(managerOf(made).http_filters.at(-1).typed_config.suppress_envoy_headers).toBe(true);
  });

  it('of inbound chains are found by their port', () => {
    const patch = http('INSERT_FIRST', 'inbound', 'SIDECAR_INBOUND');
    const made = listener(
      'virtualInbound',
      filter([{ ...patch, match: { ...patch.match, listener: { ...patch.match.listener, portNumber: 8080 } } }]),
    );
    expect(httpNames(made, inboundChain(made))[0]).toBe('inbound');
    const other = made.filter_chains.findIndex((one: any) => one.name === 'virtualInbound-catchall-http');
    expect(httpNames(made, other)).not.toContain('inbound');
  });

  it('of a type that is not known here reach Envoy by its name', () => {
    const value = { name: 'x', typed_config: { '@type': 'type.googleapis.com/some.Filter', stat_prefix: 'y' } };
    const made = listener(
      '0.0.0.0_80',
      filter([{ ...http('INSERT_FIRST', ''), patch: { operation: 'INSERT_FIRST', value } }]),
    );
    expect(managerOf(made).http_filters[0].typed_config).toEqual({
      '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
      type_url: 'type.googleapis.com/some.Filter',
      value: { stat_prefix: 'y' },
    });
  });
});

describe('which proxies', () => {
  const names = (objects: Object[], proxy = plantedProxy()) =>
    httpNames(listeners(objects, proxy).find((one) => one.name === '0.0.0.0_80'));

  it('are meant says the selector, the version and the metadata', () => {
    const versions = [
      http('INSERT_FIRST', 'fits', 'ANY', undefined, { proxy: { proxyVersion: '^1\\.29.*' } }),
      http('INSERT_FIRST', 'older', 'ANY', undefined, { proxy: { proxyVersion: '^1\\.10.*' } }),
      http('INSERT_FIRST', 'east', 'ANY', undefined, { proxy: { metadata: { CLUSTER_ID: 'east' } } }),
      http('INSERT_FIRST', 'west', 'ANY', undefined, { proxy: { metadata: { CLUSTER_ID: 'west' } } }),
    ];
    expect(names([filter(versions)]).slice(0, 3)).toEqual(['east', 'fits', 'envoy.filters.http.header_to_metadata']);
    const selector = { workloadSelector: { labels: { app: 'api' } } };
    expect(names([filter(versions, selector)])).not.toContain('fits');
    expect(names([filter(versions, { metadata: { namespace: 'other' } })])).not.toContain('fits');
  });

  it('get them by priority, the root namespace’s first, then by age', () => {
    const one = (name: string, more = {}) => filter([http('INSERT_FIRST', name, 'ANY')], more);
    const late = one('late', { priority: 10 });
    const [young, root, early] = [
      one('young'),
      one('root', { metadata: { namespace: 'istio-system' } }),
      one('early', { priority: -1 }),
    ];
    expect(names([late, young, root, early]).slice(0, 4)).toEqual(['late', 'young', 'root', 'early']);
  });
});

describe('listeners, chains and network filters', () => {
  it('are added, changed and removed', () => {
    const made = listeners([
      filter([
        {
          applyTo: 'LISTENER',
          match: { context: 'SIDECAR_OUTBOUND', listener: { name: '0.0.0.0_80' } },
          patch: { operation: 'MERGE', value: { perConnectionBufferLimitBytes: 1234 } },
        },
        {
          applyTo: 'LISTENER',
          match: { context: 'SIDECAR_OUTBOUND', listener: { portNumber: 81 } },
          patch: { operation: 'REMOVE' },
        },
        {
          applyTo: 'LISTENER',
          patch: {
            operation: 'ADD',
            value: { name: 'added', address: { socketAddress: { address: '127.0.0.1', portValue: 9 } } },
          },
        },
        {
          applyTo: 'NETWORK_FILTER',
          match: {
            context: 'SIDECAR_INBOUND',
            listener: { filterChain: { destinationPort: 8081, filter: { name: 'envoy.filters.network.tcp_proxy' } } },
          },
          patch: {
            operation: 'MERGE',
            value: {
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
                idle_timeout: '5s',
              },
            },
          },
        },
        {
          applyTo: 'FILTER_CHAIN',
          match: { context: 'SIDECAR_INBOUND', listener: { filterChain: { name: 'virtualInbound-catchall-http' } } },
          patch: { operation: 'REMOVE' },
        },
        {
          applyTo: 'LISTENER_FILTER',
          match: { context: 'SIDECAR_INBOUND', listener: { listenerFilter: 'envoy.filters.listener.http_inspector' } },
          patch: { operation: 'REMOVE' },
        },
      ]),
    ]);
    const named = (name: string) => made.find((one) => one.name === name);
    expect(named('0.0.0.0_80').per_connection_buffer_limit_bytes).toBe(1234);
    expect(named('10.96.0.1_81')).toBeUndefined();
    expect(made.filter((one) => one.name === 'added')).toHaveLength(1);
    const inbound = named('virtualInbound');
    const tcp = inbound.filter_chains.filter((one: any) => one.filter_chain_match?.destination_port === 8081);
    for (const { filters } of tcp) expect(filters.at(-1).typed_config.idle_timeout).toBe('5s');
    expect(inbound.filter_chains.some((one: any) => one.name === 'virtualInbound-catchall-http')).toBe(false);
    expect(inbound.listener_filters.map((one: any) => one.name)).not.toContain('envoy.filters.listener.http_inspector');
  });

  it('merge TLS into the context that is there', () => {
    const made = listener(
      'virtualInbound',
      filter([
        {
          applyTo: 'FILTER_CHAIN',
          match: {
            context: 'SIDECAR_INBOUND',
            listener: { filterChain: { destinationPort: 8080, transportProtocol: 'tls' } },
          },
          patch: {
            operation: 'MERGE',
            value: {
              transport_socket: {
                name: 'envoy.transport_sockets.tls',
                typed_config: {
                  '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
                  common_tls_context: { tls_params: { tls_minimum_protocol_version: 'TLSv1_3' } },
                },
              },
            },
          },
        },
      ]),
    );
    const { common_tls_context: context, require_client_certificate: required } =
      made.filter_chains[inboundChain(made)].transport_socket.typed_config;
    expect(context.tls_params).toMatchObject({
      tls_minimum_protocol_version: 'TLSv1_3',
      cipher_suites: expect.anything(),
    });
    expect(context.tls_certificate_sds_secret_configs).toHaveLength(1);
    expect(required).toBe(true);
  });
});

describe('routes', () => {
  const route = (name: string) => ({ name, match: { path: `/${name}` }, directResponse: { status: 204 } });
  const patch = (applyTo: string, operation: string, value: object | undefined, vhost: object = {}, more = {}) => ({
    applyTo,
    match: { context: 'SIDECAR_OUTBOUND', routeConfiguration: { vhost, ...more } },
    patch: { operation, ...(value ? { value } : {}) },
  });
  const web = { name: 'web.ns.svc.cluster.local:80' };
  const made = (...patches: object[]): any => {
    const found = routesFor(plantedSnapshot([filter(patches)]), plantedProxy(), '80');
    encodeMessage('envoy.config.route.v3.RouteConfiguration', found);
    return found;
  };

  it('are inserted, merged and removed, in the host that is named', () => {
    const [host, all] = made(
      patch('HTTP_ROUTE', 'INSERT_FIRST', route('first'), web),
      patch('HTTP_ROUTE', 'INSERT_BEFORE', route('before'), { ...web, route: { name: 'default', action: 'ROUTE' } }),
      patch('HTTP_ROUTE', 'INSERT_AFTER', route('after'), { ...web, route: { name: 'default' } }),
      patch('HTTP_ROUTE', 'INSERT_FIRST', route('nowhere'), { ...web, route: { name: 'unknown' } }),
      patch('HTTP_ROUTE', 'MERGE', { route: { timeout: '7s' } }, { ...web, route: { name: 'default' } }),
    ).virtual_hosts;
    expect(host.routes.map((one: any) => one.name)).toEqual(['first', 'before', 'default', 'after']);
    expect(host.routes[2].route.timeout).toBe('7s');
    expect(host.routes[2].route.cluster).toBe('outbound|80||web.ns.svc.cluster.local');
    expect(all.routes).toHaveLength(1);
    const removed = made(patch('HTTP_ROUTE', 'REMOVE', undefined, { ...web, route: { name: 'default' } }));
    expect(removed.virtual_hosts[0].routes).toEqual([]);
  });

  it('have hosts that are added, and a configuration that is merged by its port', () => {
    const found = made(
      patch('VIRTUAL_HOST', 'ADD', { name: 'added', domains: ['x'], routes: [route('a')] }),
      patch('ROUTE_CONFIGURATION', 'MERGE', { responseHeadersToRemove: ['server'] }, {}, { portNumber: 80 }),
      patch('ROUTE_CONFIGURATION', 'MERGE', { responseHeadersToRemove: ['other'] }, {}, { portNumber: 81 }),
      patch('VIRTUAL_HOST', 'REMOVE', undefined, { name: 'allow_any' }),
    );
    expect(found.virtual_hosts.map((one: any) => one.name)).toEqual([web.name, 'added']);
    expect(found.response_headers_to_remove).toEqual(['server']);
  });

  it('of inbound traffic are part of the listener', () => {
    const inbound = patch('HTTP_ROUTE', 'INSERT_FIRST', route('first'), { name: 'inbound|http|80' });
    const found = listener(
      'virtualInbound',
      filter([{ ...inbound, match: { ...inbound.match, context: 'SIDECAR_INBOUND' } }]),
    );
    expect(managerOf(found, inboundChain(found)).route_config.virtual_hosts[0].routes[0].name).toBe('first');
  });
});

describe('clusters', () => {
  const patch = (operation: string, cluster: object, value?: object, context = 'SIDECAR_OUTBOUND') => ({
    applyTo: 'CLUSTER',
    match: { context, cluster },
    patch: { operation, ...(value ? { value } : {}) },
  });
  const made = (...patches: object[]): any[] => {
    const found = clustersFor(plantedSnapshot([filter(patches)]), plantedProxy());
    for (const one of found) encodeMessage('envoy.config.cluster.v3.Cluster', one);
    return found;
  };
  const name = 'outbound|80||web.ns.svc.cluster.local';
  const service = 'web.ns.svc.cluster.local';

  it('are merged, added and removed', () => {
    const found = made(
      patch(
        'MERGE',
        { service, portNumber: 80 },
        { connectTimeout: '3s', circuitBreakers: { thresholds: [{ maxRequests: 5 }] } },
      ),
      patch('MERGE', { service, portNumber: 8080 }, { connect_timeout: '4s' }, 'SIDECAR_INBOUND'),
      patch('REMOVE', { name: 'PassthroughCluster' }),
      patch('ADD', {}, { name: 'added', type: 'STATIC' }),
    );
    const named = (one: string) => found.find((each) => each.name === one);
    expect(named(name).connect_timeout).toBe('3s');
    // Lists are joined.
    expect(named(name).circuit_breakers.thresholds).toHaveLength(2);
    expect(named('inbound|8080||').connect_timeout).toBe('4s');
    expect(named('PassthroughCluster')).toBeUndefined();
    expect(found.filter((one) => one.name === 'added')).toHaveLength(1);
  });

  it('have their lists replaced where that is asked', () => {
    const value = { circuit_breakers: { thresholds: [{ max_requests: 5 }] } };
    const found = made(patch('MERGE_AND_REPLACE_LIST', { service, portNumber: 80 }, value));
    expect(found.find((one) => one.name === name).circuit_breakers.thresholds).toEqual([{ max_requests: 5 }]);
  });

  it('merge TLS into the socket of that kind', () => {
    const socket = {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        max_session_keys: 3,
      },
    };
    const found = made(patch('MERGE', { name }, { transport_socket: socket }));
    const [istio] = found.find((one) => one.name === name).transport_socket_matches;
    expect(istio.transport_socket.typed_config).toMatchObject({
      max_session_keys: 3,
      sni: 'outbound_.80_._.web.ns.svc.cluster.local',
    });
  });
});

it('brings extension configurations by their names', () => {
  const patch = { applyTo: 'EXTENSION_CONFIG', patch: { operation: 'ADD', value: lua('ext') } };
  const snapshot = plantedSnapshot([filter([patch])]);
  expect(extensionFor(snapshot, plantedProxy(), 'ext').typed_config.default_source_code.inline_string).toBe('x');
  expect(extensionFor(snapshot, plantedProxy(), 'other')).toBeUndefined();
});
