import { describe, expect, it } from 'vitest';
import { plantedMesh, plantedProxy, plantedService } from '../../../../test/support/istiod.ts';
import { clustersFor, listenersFor, routesFor } from './index.ts';
import { scopeOf } from './scope.ts';

const services = ['web.shop', 'pay.shop', 'log.tools'].map((name, index) => ({
  service: plantedService(name, ['http:80'], { defaultAddress: `10.0.0.${index + 1}` }),
}));
const sidecar = (spec: string, metadata = 'name: default, namespace: shop') =>
  `kind: Sidecar\nmetadata: {${metadata}}\nspec: ${spec}`;
const hosts = (yaml: string, proxy = plantedProxy('client.shop')) =>
  scopeOf(plantedMesh(services, yaml), proxy).services.map(({ hostname }) => hostname.split('.')[0]);

describe('what a proxy may reach', () => {
  it('is all without a Sidecar', () => {
    expect(hosts('')).toEqual(['log', 'pay', 'web']);
  });

  it.each([
    ['{egress: [{hosts: ["./*"]}]}', ['pay', 'web']],
    ['{egress: [{hosts: ["tools/*", "./web.shop.svc.cluster.local"]}]}', ['log', 'web']],
    ['{egress: [{hosts: ["*/*", "~tools/*"]}]}', ['pay', 'web']],
    ['{egress: [{hosts: ["~/*"]}]}', []],
    ['{ingress: []}', ['log', 'pay', 'web']],
  ])('is by Sidecar %s', (spec, expected) => {
    expect(hosts(sidecar(spec))).toEqual(expected);
  });

  it('is said by the Sidecar that selects the workload, its namespace, or the root namespace', () => {
    const own = `${sidecar('{workloadSelector: {labels: {app: client}}, egress: [{hosts: ["tools/*"]}]}', 'name: own, namespace: shop')}\n---\n`;
    const all = `${sidecar('{egress: [{hosts: ["./pay.shop.svc.cluster.local"]}]}')}\n---\n`;
    const root = sidecar('{egress: [{hosts: ["./*"]}]}', 'name: default, namespace: istio-system');
    expect(hosts(`${all + root}\n---\n${own}`)).toEqual(['log']);
    expect(hosts(all + root)).toEqual(['pay']);
    expect(hosts(root)).toEqual(['pay', 'web']);
  });

  it('holds what imported rules lead to', () => {
    const rule = `kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {hosts: [web], http: [{route: [{destination: {host: log.tools.svc.cluster.local}}]}]}`;
    expect(hosts(`${sidecar('{egress: [{hosts: ["./web.shop.svc.cluster.local"]}]}')}\n---\n${rule}`)).toEqual([
      'log',
      'web',
    ]);
  });

  it('refuses the rest where only the registry is permitted', () => {
    const snapshot = plantedMesh(services, sidecar('{outboundTrafficPolicy: {mode: REGISTRY_ONLY}}'));
    const proxy = plantedProxy('client.shop');
    expect(routesFor(snapshot, proxy, '80').virtual_hosts.at(-1)).toMatchObject({
      name: 'block_all',
      routes: [{ direct_response: { status: 502 } }],
    });
    const catchAll = listenersFor(snapshot, proxy).find(({ name }) => name === 'virtualOutbound').filter_chains[1];
    expect(catchAll.filters[0].typed_config.cluster).toBe('BlackHoleCluster');
    expect(routesFor(snapshot, plantedProxy('client.tools'), '80').virtual_hosts.at(-1).name).toBe('allow_any');
  });
});

describe('ports that a Sidecar states', () => {
  it('of egress have a listener of their own', () => {
    const spec =
      '{egress: [{port: {number: 80, protocol: HTTP, name: http}, bind: 127.0.0.5, captureMode: NONE, hosts: ["./*"]}]}';
    const names = listenersFor(plantedMesh(services, sidecar(spec)), plantedProxy('client.shop'));
    expect(names.find(({ name }) => name === '127.0.0.5_80')).toMatchObject({ bind_to_port: true });
    expect(names.map(({ name }) => name)).not.toContain('0.0.0.0_80');
  });

  it('of ingress lead to where the application listens', () => {
    const spec =
      '{ingress: [{port: {number: 9090, protocol: HTTP, name: http}, defaultEndpoint: "127.0.0.1:8080"}, {port: {number: 9091, protocol: TCP, name: tcp}, defaultEndpoint: "0.0.0.0:8081"}]}';
    const clusters = clustersFor(plantedMesh(services, sidecar(spec)), plantedProxy('client.shop'));
    const address = (name: string) =>
      clusters.find((one) => one.name === name).load_assignment.endpoints[0].lb_endpoints[0].endpoint.address
        .socket_address;
    expect(address('inbound|9090||')).toEqual({ address: '127.0.0.1', port_value: 8080 });
    expect(address('inbound|9091||')).toEqual({ address: '10.9.9.9', port_value: 8081 });
  });
});

it('believes the service of the own namespace where several have the host', () => {
  const entry = (namespace: string, address: string) => `kind: ServiceEntry
metadata: {name: x, namespace: ${namespace}, creationTimestamp: "${address}"}
spec: {hosts: [same.example], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], endpoints: [{address: ${address}}]}
---
`;
  const snapshot = plantedMesh([], entry('shop', '10.1.1.1') + entry('tools', '10.2.2.2'));
  const of = (namespace: string) =>
    scopeOf(snapshot, plantedProxy(`client.${namespace}`)).byHost.get('same.example')?.namespace;
  expect([of('shop'), of('tools')]).toEqual(['shop', 'tools']);
});
