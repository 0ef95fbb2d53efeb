/** Values of the first tables are those of Istio's own test of the network filter (pilot/pkg/xds/endpoints/ep_filters_test.go). */
import { describe, expect, it } from 'vitest';
import type { MeshEndpoint, MeshProxy, MeshService, MeshSnapshot, NetworkGateway } from '../model.ts';
import { parseMeshConfig } from '../registry/mesh-config.ts';
import { gatewayScale, gatewaysFor, loadAssignment, splitByNetwork } from './endpoints.ts';
import { parseClusterName } from './names.ts';

const host = 'example.ns.svc.cluster.local';

const gateways: NetworkGateway[] = [
  { network: 'n1', clusterId: 'c1a', address: '1.1.1.1', port: 15_443 },
  { network: 'n2', clusterId: 'c2a', address: '2.2.2.2', port: 15_443 },
  { network: 'n2', clusterId: 'c2b', address: '2.2.2.20', port: 15_443 },
  { network: 'n2', clusterId: 'c2b', address: '2.2.2.21', port: 15_443 },
  { network: 'n3', clusterId: 'c3', address: '3.3.3.3', port: 15_443 },
];

function endpoint(network: string, clusterId: string, address: string, more: Partial<MeshEndpoint> = {}): MeshEndpoint {
  return {
    hostname: host,
    clusterId,
    network,
    address,
    port: 8080,
    portName: 'http',
    health: 'healthy',
    tlsMode: 'istio',
    serviceAccount: 'spiffe://cluster.local/ns/ns/sa/default',
    namespace: 'ns',
    workloadName: 'w',
    labels: {},
    canonicalName: 'w',
    canonicalRevision: 'latest',
    locality: { region: '', zone: '', subzone: '' },
    nodeName: '',
    ...more,
  };
}

const endpoints = [
  endpoint('n1', 'c1a', '10.0.0.1'),
  endpoint('n1', 'c1b', '10.0.0.2'),
  // Istio's test marks this one as reachable by HBONE only, so that it counts directly and not across networks.
  endpoint('n1', 'c1a', '10.0.0.3', { tlsMode: 'disabled' }),
  endpoint('n2', 'c2a', '20.0.0.1'),
  endpoint('n2', 'c2b', '20.0.0.2'),
  endpoint('n2', 'c2b', '20.0.0.3'),
  endpoint('n4', 'c4', '40.0.0.1'),
];

function proxyIn(network: string, more: Partial<MeshProxy> = {}): MeshProxy {
  return {
    nodeId: 'sidecar~1.2.3.4~p.ns~ns.svc.cluster.local',
    type: 'sidecar',
    address: '1.2.3.4',
    name: 'p',
    namespace: 'ns',
    clusterId: 'c1a',
    network,
    requestedNetworkView: [],
    labels: {},
    serviceAccount: 'default',
    locality: { region: '', zone: '', subzone: '' },
    metadata: {},
    ...more,
  };
}

function snapshotOf(list: MeshEndpoint[], more: Partial<MeshSnapshot> = {}): MeshSnapshot {
  const service: MeshService = {
    key: host,
    origin: 'Kubernetes',
    statedAddresses: [],
    aliases: [],
    selector: undefined,
    hostname: host,
    name: 'example',
    namespace: 'ns',
    ports: [{ name: 'http', port: 80, protocol: 'HTTP' }],
    addresses: new Map([['c1a', ['10.96.0.1']]]),
    defaultAddress: '10.96.0.1',
    headless: false,
    resolution: 'ClientSideLB',
    meshExternal: false,
    labels: {},
    exportTo: [],
    serviceAccounts: new Set(),
    internalTrafficPolicyLocal: false,
    createdAt: '',
    clusterLocal: false,
  };
  return {
    version: 1,
    meshConfig: parseMeshConfig(''),
    rootNamespace: 'istio-system',
    domain: 'cluster.local',
    configClusterId: 'c1a',
    clusters: new Map(),
    services: new Map([[host, service]]),
    endpoints: new Map([[host, list]]),
    workloads: new Map(),
    gateways,
    config: new Map(),
    jwks: new Map(),
    ...more,
  };
}

const weights = (network: string, snapshot = snapshotOf(endpoints)) =>
  Object.fromEntries(
    splitByNetwork(snapshot, proxyIn(network), [...(snapshot.endpoints.get(host) ?? [])], undefined, false).map(
      (one) => [one.address, one.weight],
    ),
  );

const assignment = (snapshot: MeshSnapshot, proxy: MeshProxy, name = `outbound|80||${host}`) =>
  loadAssignment(snapshot, proxy, name, parseClusterName(name)!);
const addresses = (load: any): string[] =>
  load.endpoints.flatMap((group: any) =>
    group.lb_endpoints.map((one: any) => one.endpoint.address.socket_address.address),
  );

describe('endpoints on several networks', () => {
  it('have weights that every count of gateways divides', () => {
    expect(gatewayScale(gateways)).toBe(6);
    expect(gatewayScale([])).toBe(1);
  });

  it.each([
    ['n1', { '10.0.0.1': 6, '10.0.0.2': 6, '10.0.0.3': 6, '2.2.2.2': 6, '2.2.2.20': 6, '2.2.2.21': 6, '40.0.0.1': 6 }],
    ['n2', { '20.0.0.1': 6, '20.0.0.2': 6, '20.0.0.3': 6, '1.1.1.1': 12, '40.0.0.1': 6 }],
    ['n3', { '1.1.1.1': 12, '2.2.2.2': 6, '2.2.2.20': 6, '2.2.2.21': 6, '40.0.0.1': 6 }],
    ['n4', { '40.0.0.1': 6, '1.1.1.1': 12, '2.2.2.2': 6, '2.2.2.20': 6, '2.2.2.21': 6 }],
  ])('are seen from %s directly or as their gateways', (network, expected) => {
    expect(weights(network)).toEqual(expected);
  });

  it('stand before the gateways in the list', () => {
    const list = splitByNetwork(snapshotOf(endpoints), proxyIn('n1'), endpoints, undefined, false).map(
      (one) => one.address,
    );
    expect(list.indexOf('40.0.0.1')).toBeLessThan(list.indexOf('2.2.2.2'));
  });

  it('are sent as they are while no gateway is known', () => {
    expect(Object.keys(weights('n1', snapshotOf(endpoints, { gateways: [] })))).toEqual(
      endpoints.map((one) => one.address),
    );
  });

  it('reach a proxy without a network by the gateway, if theirs has one', () => {
    expect(weights('')).toMatchObject({ '1.1.1.1': 12, '40.0.0.1': 6 });
  });

  it('use a gateway of their own cluster before others of their network', () => {
    expect(gatewaysFor(gateways, { network: 'n2', clusterId: 'c2b' }).map((one) => one.address)).toEqual([
      '2.2.2.20',
      '2.2.2.21',
    ]);
    expect(gatewaysFor(gateways, { network: 'n2', clusterId: 'other' })).toHaveLength(3);
  });

  it('without mutual TLS do not cross', () => {
    const plain = [endpoint('n2', 'c2a', '20.0.0.9', { tlsMode: 'disabled' })];
    expect(weights('n1', snapshotOf(plain))).toEqual({});
    expect(weights('n2', snapshotOf(plain))).toEqual({ '20.0.0.9': 6 });
  });

  it('do not cross where PeerAuthentication disables mutual TLS, unless a DestinationRule asks for it', () => {
    const config = new Map([
      [
        'PeerAuthentication' as const,
        [{ metadata: { name: 'off', namespace: 'ns' }, spec: { mtls: { mode: 'DISABLE' } } }],
      ],
    ]);
    const list = [endpoint('n2', 'c2a', '20.0.0.1')];
    const snapshot = snapshotOf(list, { config });
    expect(weights('n1', snapshot)).toEqual({});
    expect(splitByNetwork(snapshot, proxyIn('n1'), list, 'ISTIO_MUTUAL', false).map((one) => one.address)).toEqual([
      '2.2.2.2',
    ]);
  });
});

describe('a load assignment', () => {
  it('says of a gateway only the cluster behind it, and of others who they are', () => {
    const load = assignment(
      snapshotOf([endpoint('n1', 'c1a', '10.0.0.1'), endpoint('n2', 'c2a', '20.0.0.1')]),
      proxyIn('n1'),
    );
    const workloads = load.endpoints[0].lb_endpoints.map((one: any) => one.metadata.filter_metadata.istio.workload);
    expect(workloads).toEqual(['w;ns;w;;c1a', ';;;;c2a']);
  });

  it('puts a gateway into the locality of the workloads behind it', () => {
    const far = endpoint('n2', 'c2a', '20.0.0.1', { locality: { region: 'r2', zone: 'z', subzone: '' } });
    const load = assignment(snapshotOf([far]), proxyIn('n1'));
    expect(load.endpoints[0].locality.region).toBe('r2');
    expect(addresses(load)).toEqual(['2.2.2.2']);
  });

  it('matches endpoints by the name of their port', () => {
    expect(
      addresses(assignment(snapshotOf([endpoint('n1', 'c1a', '10.0.0.1', { portName: 'other' })]), proxyIn('n1'))),
    ).toEqual([]);
  });

  it('keeps what is not ready, as unhealthy', () => {
    const load = assignment(snapshotOf([endpoint('n1', 'c1a', '10.0.0.1', { health: 'unhealthy' })]), proxyIn('n1'));
    expect(load.endpoints[0].lb_endpoints[0].health_status).toBe('UNHEALTHY');
  });

  it('shows a gateway for SNI only the endpoints of its own network, and only those with mutual TLS', () => {
    const proxy = proxyIn('n2', { type: 'router', requestedNetworkView: ['n2'] });
    const list = [...endpoints, endpoint('n2', 'c2a', '20.0.0.9', { tlsMode: 'disabled' })];
    const load = assignment(snapshotOf(list), proxy, `outbound_.80_._.${host}`);
    expect(addresses(load)).toEqual(['20.0.0.1', '20.0.0.2', '20.0.0.3']);
  });

  it('keeps a cluster-local service in the cluster of the client', () => {
    const snapshot = snapshotOf(endpoints);
    const service = { ...snapshot.services.get(host)!, clusterLocal: true };
    expect(addresses(assignment({ ...snapshot, services: new Map([[host, service]]) }, proxyIn('n1')))).toEqual([
      '10.0.0.1',
      '10.0.0.3',
    ]);
  });

  it('has priorities by locality only where outlier detection can tell a failure', () => {
    const list = [
      endpoint('n1', 'c1a', '10.0.0.1', { locality: { region: 'r1', zone: 'z1', subzone: '' } }),
      endpoint('n1', 'c1a', '10.0.0.2', { locality: { region: 'r1', zone: 'z2', subzone: '' } }),
      endpoint('n1', 'c1a', '10.0.0.3', { locality: { region: 'r2', zone: 'z1', subzone: '' } }),
    ];
    const proxy = proxyIn('n1', { locality: { region: 'r1', zone: 'z1', subzone: '' } });
    const priorities = (snapshot: MeshSnapshot) =>
      assignment(snapshot, proxy).endpoints.map((group: any) => group.priority);
    expect(priorities(snapshotOf(list))).toEqual([0, 0, 0]);
    const rule = { metadata: { name: 'r', namespace: 'ns' }, spec: { host, trafficPolicy: { outlierDetection: {} } } };
    expect(priorities(snapshotOf(list, { config: new Map([['DestinationRule' as const, [rule]]]) }))).toEqual([
      0, 1, 2,
    ]);
  });

  it('finds a subset by the cluster of its endpoints', () => {
    const labelled = endpoints.map((one) => ({ ...one, labels: { 'topology.istio.io/cluster': one.clusterId } }));
    const rule = {
      metadata: { name: 'r', namespace: 'ns' },
      spec: { host: 'example', subsets: [{ name: 'b', labels: { 'topology.istio.io/cluster': 'c1b' } }] },
    };
    const snapshot = snapshotOf(labelled, { config: new Map([['DestinationRule' as const, [rule]]]) });
    expect(addresses(assignment(snapshot, proxyIn('n1'), `outbound|80|b|${host}`))).toEqual(['10.0.0.2']);
    expect(addresses(assignment(snapshot, proxyIn('n1'), `outbound|80|none|${host}`))).toEqual([]);
  });
});
