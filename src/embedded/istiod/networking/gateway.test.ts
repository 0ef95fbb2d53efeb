import { describe, expect, it } from 'vitest';
import { plantedEndpoint, plantedMesh, plantedProxy, plantedService } from '../../../../test/support/istiod.ts';
import { listenersFor, routesFor } from './index.ts';

const web = plantedService('web.shop', ['http:80', 'tcp:3000']);
const front = plantedService('front.edge', ['http:80', 'https:443']);
const router = plantedProxy('gateway.edge', { type: 'router', labels: { istio: 'ingress' } });
const behind = [
  plantedEndpoint(front, router.address, { portName: 'http', port: 8080 }),
  plantedEndpoint(front, router.address, { portName: 'https', port: 8443 }),
];

const gateway = (servers: string, name = 'front') => `kind: Gateway
metadata: {name: ${name}, namespace: edge, creationTimestamp: ${name}}
spec:
  selector: {istio: ingress}
  servers:
${servers}
---
`;
const server = (number: number, protocol: string, hosts: string, more = '') =>
  `    - {port: {number: ${number}, name: p-${number}-${protocol}, protocol: ${protocol}}, hosts: [${hosts}]${more}}\n`;
const rule = (
  hosts: string,
  kind: string,
  text: string,
  gateways = 'edge/front',
  namespace = 'shop',
) => `kind: VirtualService
metadata: {name: ${kind}, namespace: ${namespace}}
spec: {hosts: [${hosts}], gateways: [${gateways}], ${kind}: [${text}]}
---
`;
const toWeb = '{route: [{destination: {host: web.shop.svc.cluster.local, port: {number: 80}}}]}';

const mesh = (yaml: string) => plantedMesh([{ service: web }, { service: front, endpoints: behind }], yaml);
const names = (yaml: string) => listenersFor(mesh(yaml), router).map(({ name }) => name);
const hosts = (yaml: string, route = 'http.8080') =>
  Object.fromEntries(
    routesFor(mesh(yaml), router, route).virtual_hosts.map((one: any) => [one.domains.join(' '), one.routes.length]),
  );

describe('listeners of a gateway', () => {
  it('are where its Service leads', () => {
    expect(names(gateway(server(80, 'HTTP', '"*"') + server(9000, 'HTTP', '"*"')))).toEqual([
      '0.0.0.0_8080',
      '0.0.0.0_9000',
    ]);
  });

  it('are none for a gateway that selects others', () => {
    expect(names(gateway(server(80, 'HTTP', '"*"')).replace('istio: ingress', 'istio: other'))).toEqual([]);
  });

  it('tell servers with TLS apart by name, and take the first of two for one name', () => {
    const tls = ', tls: {mode: SIMPLE, credentialName: c}';
    const two =
      gateway(server(443, 'HTTPS', 'a.example', tls)) + gateway(server(443, 'HTTPS', 'a.example', tls), 'other');
    const [listener] = listenersFor(mesh(two), router);
    expect(listener.filter_chains.map((one: any) => one.filter_chain_match)).toEqual([{ server_names: ['a.example'] }]);
    const [rds] = listener.filter_chains[0].filters;
    expect(rds.typed_config.rds.route_config_name).toBe('https.443.p-443-HTTPS.front.edge');
  });

  it('do not mix plain text with TLS', () => {
    const mixed =
      server(443, 'HTTP', '"*"') + server(443, 'HTTPS', 'a.example', ', tls: {mode: SIMPLE, credentialName: c}');
    const [listener] = listenersFor(mesh(gateway(mixed)), router);
    expect(listener.filter_chains).toHaveLength(1);
    expect(listener.filter_chains[0]).not.toHaveProperty('transport_socket');
  });

  it('ask istiod for the certificate, and the client for one where TLS is mutual', () => {
    const tls = ', tls: {mode: MUTUAL, credentialName: c, minProtocolVersion: TLSV1_3}';
    const [listener] = listenersFor(mesh(gateway(server(443, 'HTTPS', 'a.example', tls))), router);
    const { require_client_certificate, common_tls_context: common } =
      listener.filter_chains[0].transport_socket.typed_config;
    expect(require_client_certificate).toBe(true);
    expect(common.tls_params).toEqual({ tls_minimum_protocol_version: 'TLSv1_3' });
    expect(common.tls_certificate_sds_secret_configs[0]).toMatchObject({
      name: 'kubernetes://c',
      sds_config: { ads: {} },
    });
    expect(common.combined_validation_context.validation_context_sds_secret_config.name).toBe('kubernetes://c-cacert');
  });

  it('pass TLS and TCP on where a rule says so, and are not there without one', () => {
    const pass = gateway(server(443, 'TLS', 'a.example', ', tls: {mode: PASSTHROUGH}') + server(9000, 'TCP', '"*"'));
    expect(names(pass)).toEqual([]);
    const tls = rule('a.example', 'tls', `{match: [{port: 443, sniHosts: [a.example]}], ${toWeb.slice(1)}`);
    const tcp = rule('"*"', 'tcp', `{match: [{port: 9000}], ${toWeb.slice(1)}`);
    expect(names(pass + tls + tcp)).toEqual(['0.0.0.0_8443', '0.0.0.0_9000']);
    expect(names(pass + tls.replace('port: 443', 'port: 444'))).toEqual([]);
  });
});

it('looks at TLS that it passes on, even for any server name', () => {
  const servers = gateway(server(443, 'TLS', '"*"', ', tls: {mode: PASSTHROUGH}'));
  const any = rule('"*"', 'tls', `{match: [{port: 443, sniHosts: ["*"]}], ${toWeb.slice(1)}`);
  const [listener] = listenersFor(mesh(servers + any), router);
  expect(listener.listener_filters).toHaveLength(1);
  expect(listener.filter_chains[0]).not.toHaveProperty('filter_chain_match');
});

describe('hosts of a gateway', () => {
  it('are the narrower of those of the server and of the rule', () => {
    const servers = gateway(server(80, 'HTTP', '"*.example"'));
    expect(hosts(servers + rule('a.example, b.other', 'http', toWeb))).toEqual({ 'a.example': 1 });
    expect(hosts(gateway(server(80, 'HTTP', 'a.example, b.example')) + rule('"*.example"', 'http', toWeb))).toEqual({
      'a.example b.example': 1,
    });
  });

  it('are for the namespaces that the server names', () => {
    const servers = gateway(server(80, 'HTTP', '"tools/a.example", "./b.example", "*/c.example"'));
    expect(hosts(servers + rule('a.example, b.example, c.example', 'http', toWeb))).toEqual({ 'c.example': 1 });
  });

  it('are none without a rule: all is 404', () => {
    expect(hosts(gateway(server(80, 'HTTP', 'a.example')))).toEqual({ '*': 0 });
    expect(hosts(gateway(server(80, 'HTTP', 'a.example')) + rule('a.example', 'http', toWeb, 'mesh'))).toEqual({
      '*': 0,
    });
  });

  it('are sent on to HTTPS even without a rule', () => {
    const config = routesFor(
      mesh(gateway(server(80, 'HTTP', 'a.example', ', tls: {httpsRedirect: true}'))),
      router,
      'http.8080',
    );
    expect(config.virtual_hosts).toMatchObject([{ domains: ['a.example'], require_tls: 'ALL' }]);
  });

  it('have what takes everything last, whichever rule is older', () => {
    const both =
      rule('a.example', 'http', toWeb) +
      rule('a.example', 'http', `{match: [{uri: {prefix: /b}}], ${toWeb.slice(1)}`).replace(
        'name: http',
        'name: other',
      );
    const [host] = routesFor(mesh(gateway(server(80, 'HTTP', 'a.example')) + both), router, 'http.8080').virtual_hosts;
    expect(host.routes.map((one: any) => one.match.prefix)).toEqual(['/b', '/']);
  });
});
