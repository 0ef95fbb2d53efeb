import { describe, expect, it } from 'vitest';
import { plantedEndpoint, plantedMesh, plantedProxy, plantedService } from '../../../../test/support/istiod.ts';
import type { Locality, MeshProxy } from '../model.ts';
import { clustersFor, endpointsFor } from './index.ts';

const web = plantedService('web.shop', ['http:80', 'web:9000']);
const client = plantedProxy('client.shop');

const rule = (spec: string, metadata = 'name: web, namespace: shop') =>
  `kind: DestinationRule\nmetadata: {${metadata}}\nspec: {host: web.shop.svc.cluster.local, ${spec}}\n---\n`;
const policy = (text: string) => rule(`trafficPolicy: {${text}}`);

function cluster(yaml: string, name = 'outbound|80||web.shop.svc.cluster.local', proxy: MeshProxy = client): any {
  return clustersFor(plantedMesh([{ service: web }], yaml), proxy).find((one) => one.name === name);
}
const limit = (yaml: string, name?: string, proxy?: MeshProxy) =>
  cluster(yaml, name, proxy).circuit_breakers.thresholds[0].max_connections;
const most = 4_294_967_295;
const pool = (max: number) => `connectionPool: {tcp: {maxConnections: ${max}}}`;

describe('which rule holds', () => {
  it("is the client's namespace's, the service's, or the root namespace's", () => {
    const [own, root] = [
      rule(`trafficPolicy: {${pool(1)}}`, 'name: own, namespace: tools'),
      rule(`trafficPolicy: {${pool(3)}}`, 'name: root, namespace: istio-system'),
    ];
    const all = own + policy(pool(2)) + root;
    expect(limit(all, undefined, plantedProxy('client.tools'))).toBe(1);
    expect(limit(all, undefined, plantedProxy('client.other'))).toBe(2);
    expect(limit(root, undefined, plantedProxy('client.other'))).toBe(3);
  });

  it('is by workload in the own namespace, and hides others even where it selects nobody', () => {
    const selected = rule(
      `workloadSelector: {matchLabels: {app: client}}, trafficPolicy: {${pool(1)}}`,
      'name: s, namespace: tools',
    );
    const both = selected + policy(pool(2));
    expect(limit(both, undefined, plantedProxy('client.tools'))).toBe(1);
    expect(limit(both, undefined, plantedProxy('another.tools'))).toBe(most);
  });

  it('is not one that is for others', () => {
    const hidden = rule(`exportTo: ["."], trafficPolicy: {${pool(1)}}`);
    expect(limit(hidden)).toBe(1);
    expect(limit(hidden, undefined, plantedProxy('client.other'))).toBe(most);
  });

  it('is of several the first, with the subsets of all', () => {
    const two =
      policy(pool(1)) +
      rule(`trafficPolicy: {${pool(2)}}, subsets: [{name: v1, labels: {version: v1}}]`, 'name: other, namespace: shop');
    expect(limit(two)).toBe(1);
    expect(limit(two, 'outbound|80|v1|web.shop.svc.cluster.local')).toBe(1);
  });
});

it('has settings of ports in place of all that they could say', () => {
  const text = `${pool(5)}, loadBalancer: {simple: RANDOM}, portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: ROUND_ROBIN}}]`;
  expect([cluster(policy(text)).lb_policy, limit(policy(text))]).toEqual(['ROUND_ROBIN', most]);
  const other = 'outbound|9000||web.shop.svc.cluster.local';
  expect([cluster(policy(text), other).lb_policy, limit(policy(text), other)]).toEqual(['RANDOM', 5]);
});

describe('load balancing', () => {
  it.each([
    ['{}', { lb_policy: 'LEAST_REQUEST' }],
    [
      '{simple: LEAST_CONN, warmup: {duration: 30s}}',
      { least_request_lb_config: { slow_start_config: { slow_start_window: '30s' } } },
    ],
    [
      '{consistentHash: {useSourceIp: true}}',
      { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: 1024 } },
    ],
    ['{consistentHash: {useSourceIp: true, maglev: {}}}', { lb_policy: 'MAGLEV' }],
    ['{simple: PASSTHROUGH}', { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' }],
  ])('is %s', (text, expected) => {
    expect(cluster(policy(`loadBalancer: ${text}`))).toMatchObject(expected);
  });
});

it('says of outlier detection only what is said', () => {
  expect(cluster(policy('outlierDetection: {}')).outlier_detection).toEqual({ enforcing_success_rate: 0 });
  const said =
    'outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 3, maxEjectionPercent: 50, minHealthPercent: 20}';
  expect(cluster(policy(said))).toMatchObject({
    common_lb_config: { healthy_panic_threshold: { value: 20 } },
    outlier_detection: {
      consecutive_5xx: 0,
      enforcing_consecutive_5xx: 0,
      consecutive_gateway_failure: 3,
      enforcing_consecutive_gateway_failure: 100,
      max_ejection_percent: 50,
    },
  });
});

describe('TLS', () => {
  const context = (text: string) => cluster(policy(`tls: ${text}`)).transport_socket?.typed_config;

  it('SIMPLE is judged by the roots of the system and by the host of the request', () => {
    const { common_tls_context: common } = context('{mode: SIMPLE}');
    expect(common.combined_validation_context.validation_context_sds_secret_config.name).toBe('file-root:system');
    const [options] = Object.values<any>(cluster(policy('tls: {mode: SIMPLE}')).typed_extension_protocol_options);
    expect(options.upstream_http_protocol_options).toEqual({ auto_sni: true, auto_san_validation: true });
  });

  it('takes what the rule states', () => {
    const stated = context(
      '{mode: MUTUAL, sni: x, subjectAltNames: [y], clientCertificate: /c, privateKey: /k, caCertificates: /r}',
    );
    expect(stated.sni).toBe('x');
    expect(stated.common_tls_context.tls_certificate_sds_secret_configs[0].name).toBe('file-cert:/c~/k');
    expect(
      stated.common_tls_context.combined_validation_context.default_validation_context.match_typed_subject_alt_names,
    ).toHaveLength(2);
    expect(context('{mode: ISTIO_MUTUAL, sni: mine}').sni).toBe('mine');
    expect(context('{mode: DISABLE}')).toBeUndefined();
  });

  it('has no Secret for sidecars that no rule selects', () => {
    expect(context('{mode: SIMPLE, credentialName: c}')).toBeUndefined();
    const chosen = rule(
      'workloadSelector: {matchLabels: {app: client}}, trafficPolicy: {tls: {mode: SIMPLE, credentialName: c}}',
    );
    expect(JSON.stringify(cluster(chosen).transport_socket)).toContain('kubernetes://c-cacert');
  });
});

describe('localities', () => {
  const at = (text: string): Locality => {
    const [region = '', zone = '', subzone = ''] = text.split('/');
    return { region, zone, subzone };
  };
  const places = ['r1/z1', 'r1/z2', 'r2/z1', 'r3/z1'];
  const endpoints = places.map((place, index) =>
    plantedEndpoint(web, `10.1.1.${index}`, { locality: at(place), labels: { tier: place.slice(0, 2) } }),
  );
  const groups = (text: string): Record<string, [number, number]> => {
    const proxy = plantedProxy('client.shop', { locality: at('r1/z1'), labels: { tier: 'r2' } });
    const snapshot = plantedMesh([{ service: web, endpoints }], policy(text));
    const assignment = endpointsFor(snapshot, proxy, 'outbound|80||web.shop.svc.cluster.local');
    return Object.fromEntries(
      assignment.endpoints
        .filter((one: any) => one.lb_endpoints.length > 0)
        .map((one: any) => [`${one.locality.region}/${one.locality.zone}`, [one.priority, one.load_balancing_weight]]),
    );
  };

  it('matter only where failures are seen', () => {
    expect(Object.values(groups('loadBalancer: {}')).every(([priority]) => priority === 0)).toBe(true);
    expect(groups('outlierDetection: {}')).toEqual({
      'r1/z1': [0, 1],
      'r1/z2': [1, 1],
      'r2/z1': [2, 1],
      'r3/z1': [2, 1],
    });
  });

  it('fail over to the region that is named first', () => {
    const text = 'outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: r1, to: r3}]}}';
    expect(groups(text)).toMatchObject({ 'r3/z1': [2, 1], 'r2/z1': [3, 1] });
  });

  it('give way to labels that are named', () => {
    const text = 'outlierDetection: {}, loadBalancer: {localityLbSetting: {failoverPriority: [tier]}}';
    expect(groups(text)).toMatchObject({ 'r2/z1': [0, 1], 'r1/z1': [1, 1], 'r3/z1': [1, 1] });
  });

  it('are shared out by weights, and those that are not named get nothing', () => {
    const text = 'loadBalancer: {localityLbSetting: {distribute: [{from: "r1/*", to: {"r1/*": 80, "r3/z1": 20}}]}}';
    expect(groups(text)).toEqual({ 'r1/z1': [0, 40], 'r1/z2': [0, 40], 'r3/z1': [0, 20] });
  });
});
