import { describe, expect, it } from 'vitest';
import { readDump } from './dump.ts';
import { type Endpoint, endpointsOf } from './endpoints.ts';
import { type Connection, filterChainFor, isInRange, outboundListener } from './listeners.ts';
import { routeFor, virtualHostFor } from './routes.ts';
import { sentAlpn, upstreamTls } from './tls.ts';

const inspectors = [
  { name: 'envoy.filters.listener.tls_inspector' },
  { name: 'envoy.filters.listener.http_inspector' },
];
const istio = ['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
const connection = (fields: Partial<Connection>): Connection => ({
  address: '10.0.0.1',
  port: 5000,
  transport: 'raw_buffer',
  applicationProtocols: [],
  ...fields,
});

describe('filterChainFor', () => {
  const chain = (name: string, filter_chain_match: object) => ({ name, filter_chain_match });
  /** What istiod makes of an HTTP port, and of one whose protocol is not declared. */
  const permissive = [
    chain('blackhole', { destination_port: 15006 }),
    chain('http mtls', { destination_port: 5000, transport_protocol: 'tls', application_protocols: istio }),
    chain('http plain', { destination_port: 5000, transport_protocol: 'raw_buffer' }),
    chain('any mtls', { transport_protocol: 'tls', application_protocols: ['istio-peer-exchange', 'istio'] }),
    chain('any http', { transport_protocol: 'raw_buffer', application_protocols: ['http/1.1', 'h2c'] }),
    chain('any tcp', { transport_protocol: 'raw_buffer' }),
    chain('any tls', { transport_protocol: 'tls' }),
  ];
  const strict = [chain('strict', { destination_port: 5000, transport_protocol: 'tls' }), chain('rest', {})];
  const bySni = [
    chain('one', { server_names: ['outbound_.80_._.a.x.svc'], application_protocols: istio }),
    chain('wide', { server_names: ['*.x.svc'] }),
    chain('narrow', { server_names: ['*.b.x.svc'] }),
  ];

  it.each<[string, any[], Partial<Connection>, string | undefined]>([
    [
      'mutual TLS of HTTP',
      permissive,
      { transport: 'tls', applicationProtocols: ['istio-http/1.1', 'istio'] },
      'http mtls',
    ],
    ['plain HTTP', permissive, { applicationProtocols: ['http/1.1'] }, 'http plain'],
    ['another port, plain HTTP', permissive, { port: 7, applicationProtocols: ['http/1.1'] }, 'any http'],
    ['another port, plain TCP', permissive, { port: 7 }, 'any tcp'],
    [
      'another port, TCP mutual TLS',
      permissive,
      { port: 7, transport: 'tls', applicationProtocols: ['istio'] },
      'any mtls',
    ],
    ['another port, foreign TLS', permissive, { port: 7, transport: 'tls', applicationProtocols: ['h2'] }, 'any tls'],
    ['the port of the listener itself', permissive, { port: 15006 }, 'blackhole'],
    // There is no way back: once the port has chosen, chains without a port are out.
    [
      'foreign TLS on the port of mutual TLS',
      permissive,
      { transport: 'tls', applicationProtocols: ['h2'] },
      undefined,
    ],
    ['plain text under STRICT', strict, { applicationProtocols: ['http/1.1'] }, undefined],
    ['TLS under STRICT', strict, { transport: 'tls', applicationProtocols: ['istio'] }, 'strict'],
    [
      'SNI, exact',
      bySni,
      { transport: 'tls', serverName: 'outbound_.80_._.a.x.svc', applicationProtocols: ['istio'] },
      'one',
    ],
    [
      'SNI, exact, ALPN of a stranger',
      bySni,
      { transport: 'tls', serverName: 'outbound_.80_._.a.x.svc', applicationProtocols: ['h2'] },
      undefined,
    ],
    ['SNI, the longer wildcard', bySni, { transport: 'tls', serverName: 'c.b.x.svc' }, 'narrow'],
    ['SNI, the shorter wildcard', bySni, { transport: 'tls', serverName: 'b.x.svc' }, 'wide'],
    ['SNI that nobody knows', bySni, { transport: 'tls', serverName: 'y.svc' }, undefined],
  ])('%s', (_name, filter_chains, fields, expected) => {
    const found = filterChainFor({ filter_chains, listener_filters: inspectors }, connection(fields));
    expect(found?.name).toBe(expected);
  });

  it('takes the default chain when none fits, and sees no TLS without its inspector', () => {
    const listener = {
      filter_chains: strict.slice(0, 1),
      default_filter_chain: { name: 'default' },
      listener_filters: inspectors,
    };
    expect(filterChainFor(listener, connection({}))?.name).toBe('default');
    const blind = { filter_chains: bySni, listener_filters: [] };
    expect(filterChainFor(blind, connection({ transport: 'tls', serverName: 'c.b.x.svc' }))).toBeUndefined();
  });
});

describe('outboundListener', () => {
  const at = (name: string, address: string, port_value: number, more = {}) => ({
    name,
    listener: { name, address: { socket_address: { address, port_value } }, traffic_direction: 'OUTBOUND', ...more },
  });
  const listeners = [
    at('0.0.0.0_80', '0.0.0.0', 80),
    at('10.1.1.1_80', '10.1.1.1', 80),
    at('virtualOutbound', '0.0.0.0', 15001, { use_original_dst: true }),
  ];
  const dump = readDump({
    configs: [
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
        dynamic_listeners: listeners.map(({ name, listener }) => ({ name, active_state: { listener } })),
      },
    ],
  });

  it.each([
    ['10.1.1.1', 80, '10.1.1.1_80'],
    ['10.1.1.2', 80, '0.0.0.0_80'],
    ['10.1.1.1', 81, 'virtualOutbound'],
    // A port of the catch-all itself is not a listener to be handed to.
    ['10.1.1.1', 15001, 'virtualOutbound'],
  ])('%s:%d is taken by %s', (address, port, expected) => {
    expect(outboundListener(dump, address, port)?.name).toBe(expected);
  });

  it('counts ranges by their bits', () => {
    expect(isInRange('10.1.2.3', '10.1.0.0', 16)).toBe(true);
    expect(isInRange('10.2.2.3', '10.1.0.0', 16)).toBe(false);
    expect(isInRange('203.0.113.9', '203.0.113.8', 31)).toBe(true);
    expect(isInRange('1.2.3.4', '0.0.0.0', 0)).toBe(true);
  });
});

describe('virtualHostFor', () => {
  const hosts = (ignore: boolean) => ({
    ignore_port_in_host_matching: ignore,
    virtual_hosts: ['*', '*.example.com', '*.api.example.com', 'web.*', 'web.example.com', 'web.example.com:8080'].map(
      (domain) => ({ name: domain, domains: [domain] }),
    ),
  });
  it.each([
    ['web.example.com', 'web.example.com'],
    ['WEB.example.com', 'web.example.com'],
    ['web.example.com:8080', 'web.example.com:8080'],
    ['x.example.com', '*.example.com'],
    ['x.api.example.com', '*.api.example.com'],
    ['example.com', '*'],
    ['web.org', 'web.*'],
    ['other', '*'],
  ])('%s is %s', (authority, expected) => {
    expect(virtualHostFor(hosts(false), authority)?.name).toBe(expected);
  });
  it('leaves the port out where the configuration says so', () => {
    expect(virtualHostFor(hosts(true), 'web.example.com:8080')?.name).toBe('web.example.com');
    expect(virtualHostFor({ virtual_hosts: [] }, 'x')).toBeUndefined();
  });
});

describe('routeFor', () => {
  const request = {
    method: 'GET',
    authority: 'h',
    scheme: 'http' as const,
    path: '/hello?x=1',
    headers: { 'end-user': 'jason' },
  };
  it.each<[string, any, boolean]>([
    ['prefix', { prefix: '/hel' }, true],
    ['exact, without the query', { path: '/hello' }, true],
    ['exact, other', { path: '/hell' }, false],
    ['separated prefix', { path_separated_prefix: '/hello' }, true],
    ['separated prefix, in a word', { path_separated_prefix: '/hel' }, false],
    ['regex over the whole path', { safe_regex: { regex: '/h.*o' } }, true],
    ['regex over a part', { safe_regex: { regex: '/h' } }, false],
    ['case', { prefix: '/HELLO' }, false],
    ['case ignored', { prefix: '/HELLO', case_sensitive: false }, true],
    ['method', { prefix: '/', headers: [{ name: ':method', string_match: { exact: 'GET' } }] }, true],
    ['header', { prefix: '/', headers: [{ name: 'end-user', string_match: { prefix: 'jas' } }] }, true],
    ['header that is missing', { prefix: '/', headers: [{ name: 'other', string_match: { exact: '' } }] }, false],
    [
      'header that must be missing',
      { prefix: '/', headers: [{ name: 'other', present_match: true, invert_match: true }] },
      true,
    ],
    [
      'header, inverted, missing',
      { prefix: '/', headers: [{ name: 'other', string_match: { exact: 'a' }, invert_match: true }] },
      true,
    ],
    ['parameter', { prefix: '/', query_parameters: [{ name: 'x', string_match: { exact: '1' } }] }, true],
    ['parameter, other', { prefix: '/', query_parameters: [{ name: 'x', string_match: { exact: '2' } }] }, false],
    ['gRPC alone', { prefix: '/', grpc: {} }, false],
  ])('%s', (_name, match, expected) => {
    expect(routeFor({ routes: [{ match }] }, request) !== undefined).toBe(expected);
  });
  it('takes the first that fits', () => {
    const routes = [
      { match: { path: '/x' } },
      { match: { prefix: '/' }, name: 'second' },
      { match: { prefix: '/hello' } },
    ];
    expect(routeFor({ routes }, request)).toMatchObject({ index: 1, route: { name: 'second' } });
  });
});

describe('endpointsOf', () => {
  type Planted = [address: string, weight: number, health: string, priority: number, locality?: string];
  function shares(
    planted: Planted[],
    cluster: object = { common_lb_config: { healthy_panic_threshold: { value: 0 } } },
  ): Record<string, number> {
    const groups = Map.groupBy(planted, ([, , , priority, locality = '']) => `${priority} ${locality}`);
    const endpoints = [...groups.values()].map((list) => ({
      priority: list[0]![3],
      locality: { region: list[0]![4] ?? '' },
      load_balancing_weight: list.reduce((sum, [, weight]) => sum + weight, 0),
      lb_endpoints: list.map(([address, load_balancing_weight, health_status]) => ({
        endpoint: { address: { socket_address: { address, port_value: 1 } } },
        health_status,
        load_balancing_weight,
      })),
    }));
    const dump = readDump({
      configs: [
        {
          '@type': 'x.EndpointsConfigDump',
          dynamic_endpoint_configs: [{ endpoint_config: { cluster_name: 'c', endpoints } }],
        },
      ],
    });
    const found: Endpoint[] = endpointsOf(dump, { name: 'c', ...cluster });
    return Object.fromEntries(found.map((one) => [one.address, Math.round(one.share * 1000) / 1000]));
  }

  it.each<[string, Planted[], Record<string, number>]>([
    [
      'by weight',
      [
        ['a', 1, 'HEALTHY', 0],
        ['b', 3, 'HEALTHY', 0],
      ],
      { a: 0.25, b: 0.75 },
    ],
    [
      'none for the unhealthy',
      [
        ['a', 1, 'HEALTHY', 0],
        ['b', 3, 'UNHEALTHY', 0],
      ],
      { a: 1, b: 0 },
    ],
    [
      'none for lower priorities while the higher are well',
      [
        ['a', 1, 'HEALTHY', 0],
        ['b', 1, 'HEALTHY', 1],
      ],
      { a: 1, b: 0 },
    ],
    // One of two is healthy: 50 % × 1.4 stay, the rest spills over.
    [
      'spill over',
      [
        ['a', 1, 'HEALTHY', 0],
        ['x', 1, 'UNHEALTHY', 0],
        ['b', 1, 'HEALTHY', 1],
      ],
      { a: 0.7, x: 0, b: 0.3 },
    ],
    [
      'fail over',
      [
        ['a', 1, 'UNHEALTHY', 0],
        ['b', 1, 'HEALTHY', 1],
      ],
      { a: 0, b: 1 },
    ],
    [
      'nobody',
      [
        ['a', 1, 'UNHEALTHY', 0],
        ['b', 1, 'UNHEALTHY', 1],
      ],
      { a: 0, b: 0 },
    ],
    // 0.25 × 1.4 and 0.25 × 1.4: together less than one, so that they share all of it.
    [
      'too few in all priorities',
      [
        ['a', 1, 'HEALTHY', 0],
        ['w', 1, 'UNHEALTHY', 0],
        ['x', 1, 'UNHEALTHY', 0],
        ['y', 1, 'UNHEALTHY', 0],
        ['b', 1, 'HEALTHY', 1],
        ['p', 1, 'UNHEALTHY', 1],
        ['q', 1, 'UNHEALTHY', 1],
        ['r', 1, 'UNHEALTHY', 1],
      ],
      { a: 0.5, w: 0, x: 0, y: 0, b: 0.5, p: 0, q: 0, r: 0 },
    ],
    [
      'localities weigh what their endpoints weigh',
      [
        ['a', 1, 'HEALTHY', 0, 'r1'],
        ['b', 1, 'HEALTHY', 0, 'r2'],
        ['c', 1, 'HEALTHY', 0, 'r2'],
      ],
      { a: 0.333, b: 0.333, c: 0.333 },
    ],
  ])('%s', (_name, planted, expected) => {
    expect(shares(planted)).toEqual(expected);
  });

  it("spreads over all in panic, which is Envoy's default below half", () => {
    expect(
      shares(
        [
          ['a', 1, 'UNHEALTHY', 0],
          ['b', 1, 'UNHEALTHY', 0],
        ],
        {},
      ),
    ).toEqual({ a: 0.5, b: 0.5 });
  });
});

describe('upstreamTls', () => {
  const socket = (sni: string) => ({
    typed_config: {
      sni,
      common_tls_context: {
        tls_certificate_sds_secret_configs: [{ name: 'default' }],
        alpn_protocols: ['istio'],
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: 'spiffe://a' } }],
          },
        },
      },
    },
  });
  const cluster = {
    transport_socket_matches: [
      { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transport_socket: socket('s') },
      { name: 'tlsMode-disabled', match: {}, transport_socket: { typed_config: {} } },
    ],
  };

  it('is chosen by the endpoint', () => {
    expect(upstreamTls(cluster, { tlsMode: 'istio' })).toMatchObject({
      kind: 'mutual',
      sni: 's',
      serverNames: [{ exact: 'spiffe://a' }],
    });
    expect(upstreamTls(cluster, { tlsMode: '' })).toMatchObject({ kind: 'none', match: 'tlsMode-disabled' });
    expect(upstreamTls({ transport_socket: socket('t') }, { tlsMode: '' })).toMatchObject({ kind: 'mutual', sni: 't' });
    expect(upstreamTls({}, { tlsMode: 'istio' }).kind).toBe('none');
  });

  it('sends what the filters of the connection manager make of its ALPN', () => {
    const tls = upstreamTls(cluster, { tlsMode: 'istio' });
    const alpnFilter = {
      http_filters: [
        {
          typed_config: {
            alpn_override: [
              { alpn_override: ['istio-http/1.0'] },
              { upstream_protocol: 'HTTP11', alpn_override: ['istio-http/1.1', 'istio'] },
            ],
          },
        },
      ],
    };
    expect(sentAlpn(undefined, cluster, tls)).toEqual(['istio']);
    expect(sentAlpn(alpnFilter, cluster, tls)).toEqual(['istio-http/1.1', 'istio']);
  });
});
