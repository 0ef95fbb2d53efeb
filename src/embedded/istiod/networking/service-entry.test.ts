import { describe, expect, it } from 'vitest';
import { plantedMesh, plantedProxy } from '../../../../test/support/istiod.ts';
import { clustersFor, endpointsFor, listenersFor, routesFor } from './index.ts';

const client = plantedProxy('client.shop');
const entry = (spec: string, name = 'x') => `kind: ServiceEntry
metadata: {name: ${name}, namespace: shop, creationTimestamp: "1"}
spec: ${spec}
---
`;
const http = 'ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]';
const cluster = (yaml: string, proxy = client) =>
  clustersFor(plantedMesh([], yaml), proxy).find(({ name }) => name.startsWith('outbound|'));
const socketsOf = (assignment: any) =>
  assignment.endpoints.flatMap((group: any) =>
    group.lb_endpoints.map(({ endpoint }: any) => {
      const { address, port_value } = endpoint.address.socket_address;
      return `${address}:${port_value}`;
    }),
  );

describe('resolution', () => {
  it('STATIC has the endpoints that it states, by their own ports first', () => {
    const spec = `{hosts: [a.example], resolution: STATIC, ${http}, endpoints: [{address: 10.1.1.1}, {address: 10.1.1.2, ports: {http: 99}}, {address: name.example}]}`;
    const snapshot = plantedMesh([], entry(spec));
    expect(cluster(entry(spec)).type).toBe('EDS');
    expect(socketsOf(endpointsFor(snapshot, client, 'outbound|80||a.example'))).toEqual([
      '10.1.1.1:8080',
      '10.1.1.2:99',
    ]);
  });

  it('DNS asks for its endpoints, or for the host itself', () => {
    const named = cluster(
      entry(`{hosts: [a.example], resolution: DNS, ${http}, endpoints: [{address: one.example, weight: 3}]}`),
    );
    expect([named.type, socketsOf(named.load_assignment)]).toEqual(['STRICT_DNS', ['one.example:8080']]);
    expect(named.load_assignment.endpoints[0].load_balancing_weight).toBe(3);
    const itself = cluster(entry(`{hosts: [a.example], resolution: DNS_ROUND_ROBIN, ${http}}`));
    expect([itself.type, socketsOf(itself.load_assignment)]).toEqual(['LOGICAL_DNS', ['a.example:8080']]);
  });

  it('NONE goes to where the client wanted, but for gateways, to which nobody says where', () => {
    const yaml = entry(`{hosts: ["*.example"], resolution: NONE, ${http}}`);
    expect(cluster(yaml).type).toBe('ORIGINAL_DST');
    expect(cluster(yaml, plantedProxy('gateway.edge', { type: 'router' })).type).toBe('EDS');
  });
});

describe('workloads', () => {
  const selecting = entry(
    `{hosts: [vm.example], location: MESH_INTERNAL, resolution: STATIC, ${http}, workloadSelector: {labels: {app: vm}}}`,
  );
  const workload = (spec: string, namespace = 'shop') =>
    `kind: WorkloadEntry\nmetadata: {name: vm, namespace: ${namespace}, labels: {tier: back}}\nspec: ${spec}\n---\n`;

  it('are selected in the namespace of the entry, by labels of both kinds', () => {
    const at = (yaml: string) =>
      socketsOf(endpointsFor(plantedMesh([], selecting + yaml), client, 'outbound|80||vm.example'));
    expect(at(workload('{address: 10.1.1.1, labels: {app: vm}}'))).toEqual(['10.1.1.1:8080']);
    expect(at(workload('{address: 10.1.1.1, labels: {app: other}}'))).toEqual([]);
    expect(at(workload('{address: 10.1.1.1, labels: {app: vm}}', 'tools'))).toEqual([]);
    const byOther = selecting.replace('{app: vm}}}', '{tier: back}}}');
    expect(
      socketsOf(
        endpointsFor(plantedMesh([], byOther + workload('{address: 10.1.1.1}')), client, 'outbound|80||vm.example'),
      ),
    ).toEqual(['10.1.1.1:8080']);
  });

  it('with an account have mutual TLS and are who they say', () => {
    const yaml = selecting + workload('{address: 10.1.1.1, labels: {app: vm}, serviceAccount: vm}');
    const [group] = endpointsFor(plantedMesh([], yaml), client, 'outbound|80||vm.example').endpoints;
    const [endpoint] = group.lb_endpoints;
    expect(endpoint.metadata.filter_metadata['envoy.transport_socket_match']).toEqual({ tlsMode: 'istio' });
    expect(JSON.stringify(cluster(yaml))).toContain('spiffe://cluster.local/ns/shop/sa/vm');
  });
});

describe('what sidecars take', () => {
  const listeners = (yaml: string) => listenersFor(plantedMesh([], yaml), client);

  it('is by address where there is one, by range, and by server name where there is none', () => {
    const tcp = 'ports: [{number: 6000, name: tcp, protocol: TCP}]';
    const named = entry(
      `{hosts: [a.example, b.example], resolution: DNS, ports: [{number: 443, name: tls, protocol: TLS}]}`,
    );
    const ranged = entry(
      `{hosts: [c.example], addresses: [192.0.2.0/24, 198.51.100.7], resolution: NONE, ${tcp}}`,
      'y',
    );
    const found = new Map(listeners(named + ranged).map((one) => [one.name, one]));
    expect([...found.keys()].sort()).toEqual([
      '0.0.0.0_443',
      '0.0.0.0_6000',
      '198.51.100.7_6000',
      'virtualInbound',
      'virtualOutbound',
    ]);
    expect(found.get('0.0.0.0_443').filter_chains.map((one: any) => one.filter_chain_match.server_names[0])).toEqual([
      'a.example',
      'b.example',
    ]);
    expect(found.get('0.0.0.0_6000').filter_chains[0].filter_chain_match.prefix_ranges).toEqual([
      { address_prefix: '192.0.2.0', prefix_len: 24 },
    ]);
  });

  it('is routed by tls and tcp rules of VirtualServices', () => {
    const rule = `kind: VirtualService
metadata: {name: r, namespace: shop}
spec:
  hosts: [a.example]
  tls: [{match: [{port: 443, sniHosts: [a.example]}], route: [{destination: {host: b.example, port: {number: 443}}}]}]
---
`;
    const named = entry(
      `{hosts: [a.example, b.example], resolution: DNS, ports: [{number: 443, name: tls, protocol: TLS}]}`,
    );
    const [listener] = listeners(named + rule);
    const [chain] = listener.filter_chains;
    expect([chain.filter_chain_match.server_names, chain.filters[0].typed_config.cluster]).toEqual([
      ['a.example'],
      'outbound|443||b.example',
    ]);
  });

  it('tells nobody outside who calls', () => {
    const header = (location: string) =>
      routesFor(
        plantedMesh([], entry(`{hosts: [a.example], location: ${location}, resolution: DNS, ${http}}`)),
        client,
        '80',
      ).virtual_hosts[0].request_headers_to_add;
    expect(header('MESH_INTERNAL')).toHaveLength(1);
    expect(header('MESH_EXTERNAL')).toBeUndefined();
  });
});
