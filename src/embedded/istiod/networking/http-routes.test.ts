import { describe, expect, it } from 'vitest';
import { plantedMesh, plantedProxy, plantedService } from '../../../../test/support/istiod.ts';
import { routesFor } from './index.ts';

const web = plantedService('web.shop', ['http:80', 'grpc:7070']);
const pay = plantedService('pay.shop', ['http:8080'], { createdAt: '2' });

function routes(http: string, more = '', port = '80', proxy = plantedProxy('client.shop')): any[] {
  const yaml = `kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http:
${http}
${more}`;
  const config = routesFor(plantedMesh([{ service: web }, { service: pay }], yaml), proxy, port);
  return config.virtual_hosts.find((one: any) => one.name === `web.shop.svc.cluster.local:${port}`).routes;
}

const to = 'route: [{destination: {host: web}}]';
const rule = (text: string) => `    - ${text}\n      ${to}`;

describe('matches', () => {
  it('hold for the ports, labels and namespaces that they name', () => {
    const only = (text: string, port?: string, proxy?: any) => routes(rule(`match: [${text}]`), '', port, proxy);
    expect(only('{uri: {exact: /a}, port: 80}')[0].match.path).toBe('/a');
    expect(only('{uri: {exact: /a}, port: 81}')[0].name).toBe('default');
    expect(only('{uri: {exact: /a}, sourceLabels: {app: client}}')[0].match.path).toBe('/a');
    expect(only('{uri: {exact: /a}, sourceLabels: {app: other}}')[0].name).toBe('default');
    expect(only('{uri: {exact: /a}, sourceNamespace: other}')[0].name).toBe('default');
    expect(only('{uri: {exact: /a}, gateways: [mesh]}')[0].match.path).toBe('/a');
    expect(only('{uri: {exact: /a}, gateways: [some]}')[0].name).toBe('default');
  });

  it('end with the first that takes everything', () => {
    const all = routes(
      `${rule('match: [{uri: {prefix: /a}}, {uri: {prefix: /}}, {uri: {prefix: /b}}]')}\n${rule('name: late')}`,
    );
    expect(all.map((one) => one.match.prefix)).toEqual(['/a', '/']);
  });

  it('treat a header that is missing as none that is unwanted', () => {
    const [route] = routes(rule('match: [{withoutHeaders: {x: {exact: y}, z: {}}, headers: {a: {regex: "b+"}}}]'));
    expect(route.match.headers).toEqual([
      { name: 'a', string_match: { safe_regex: { regex: 'b+' } } },
      { name: 'x', string_match: { exact: 'y' }, invert_match: true, treat_missing_header_as_empty: true },
      { name: 'z', present_match: true, invert_match: true },
    ]);
  });
});

describe('actions', () => {
  it('lead to the only port of a service, else to that of the request', () => {
    const [one, other] = routes(
      `    - match: [{uri: {prefix: /p}}]\n      route: [{destination: {host: pay}}]\n    - ${to}`,
    );
    expect(one.route.cluster).toBe('outbound|8080||pay.shop.svc.cluster.local');
    expect(other.route.cluster).toBe('outbound|80||web.shop.svc.cluster.local');
  });

  it('leave out what has no weight', () => {
    const [route] = routes(
      '    - route: [{destination: {host: web}, weight: 100}, {destination: {host: pay}, weight: 0}]',
    );
    expect(route.route.weighted_clusters.clusters).toHaveLength(1);
  });

  it('have no field for retries that are switched off', () => {
    const [route] = routes(rule('retries: {attempts: 0}'));
    expect(Object.keys(route.route)).not.toContain('retry_policy');
  });

  it('know statuses among the reasons for trying again', () => {
    const [route] = routes(rule('retries: {attempts: 3, retryOn: "5xx,429", perTryTimeout: 2s}'));
    expect(route.route.retry_policy).toMatchObject({
      retry_on: '5xx,retriable-status-codes',
      retriable_status_codes: [429],
      num_retries: 3,
      per_try_timeout: '2s',
    });
  });

  it.each([
    ['{uri: /x}', { path_redirect: '/x', response_code: 'MOVED_PERMANENTLY' }],
    [
      '{authority: a, redirectCode: 308}',
      { host_redirect: 'a', path_redirect: '', response_code: 'PERMANENT_REDIRECT' },
    ],
    [
      '{scheme: https, derivePort: FROM_REQUEST_PORT}',
      { scheme_redirect: 'https', path_redirect: '', port_redirect: 80, response_code: 'MOVED_PERMANENTLY' },
    ],
    ['{port: 80}', { path_redirect: '', response_code: 'MOVED_PERMANENTLY' }],
  ])('redirect by %s', (text, expected) => {
    expect(routes(`    - redirect: ${text}`)[0].redirect).toEqual(expected);
  });

  it('mirror all of it, a part, or nothing', () => {
    const share = (text: string) =>
      routes(rule(`mirrors: [{destination: {host: pay}${text}}]`))[0].route.request_mirror_policies;
    expect(share('')[0].runtime_fraction.default_value).toEqual({ numerator: 100 });
    expect(share(', percentage: {value: 0.5}')[0].runtime_fraction.default_value).toMatchObject({ numerator: 5_000 });
    expect(share(', percentage: {value: 0}')).toBeUndefined();
  });

  it('take the host from a header that is set, which Envoy cannot set', () => {
    const [route] = routes(rule('headers: {request: {set: {Host: other, x: y}, remove: [":path", z]}}'));
    expect(route.route.host_rewrite_literal).toBe('other');
    expect(route.request_headers_to_add.map((one: any) => one.header.key)).toEqual(['x']);
    expect(route.request_headers_to_remove).toEqual(['z']);
  });
});

describe('delegates', () => {
  const part = (http: string, namespace = 'shop') => `---
kind: VirtualService
metadata: {name: part, namespace: ${namespace}}
spec:
  http:
${http}`;
  const delegating = '    - match: [{uri: {prefix: /a}}]\n      timeout: 3s\n      delegate: {name: part}';

  it('hold within the match of the rule, and inherit what they do not say', () => {
    const found = routes(
      delegating,
      part(`${rule('match: [{uri: {prefix: /a/b}}]')}\n${rule('match: [{uri: {prefix: /c}}]')}\n    - ${to}`),
    );
    expect(found.map((one) => [one.match.prefix, one.route.timeout])).toEqual([
      ['/a/b', '3s'],
      ['/a', '3s'],
    ]);
  });

  it('that are not there leave nothing', () => {
    expect(routes(delegating)[0].name).toBe('default');
    expect(routes(delegating, part(rule('name: x'), 'other'))[0].name).toBe('default');
  });
});

it('keeps requests with one endpoint by the hash of the rule, and lets them be tried again there', () => {
  const yaml = `kind: DestinationRule
metadata: {name: web, namespace: shop}
spec: {host: web, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}}}`;
  const [route] = routes(`    - ${to}`, `---\n${yaml}`);
  expect(route.route.hash_policy).toEqual([{ header: { header_name: 'x-user' } }]);
  expect(route.route.retry_policy).not.toHaveProperty('retry_host_predicate');
});
