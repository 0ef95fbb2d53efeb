import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../../../test/support/api-server.ts';
import { type KubeObject, kinds } from '../../kube/index.ts';
import { faultInjection } from './fault-injection.ts';
import { requestRouting } from './request-routing.ts';
import { requestTimeouts } from './request-timeouts.ts';
import { authorization, mutualTls } from './security.ts';
import { trafficPolicy } from './traffic-policy.ts';
import { trafficShifting } from './traffic-shifting.ts';
import type { ConfigObject, WizardResult } from './wizard.ts';

const service = { name: 'helloworld', namespace: 'sample' };
const host = 'helloworld.sample.svc.cluster.local';
const versions = ['v1', 'v2'].map((version) => ({ subset: version, labels: { version } }));
const weights = (v1: number, v2: number) => [
  { subset: 'v1', weight: v1 },
  { subset: 'v2', weight: v2 },
];
const existing = (kind: string, spec: object): ConfigObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name: 'mine', namespace: 'sample', resourceVersion: '7' },
  spec,
});
const specs = ({ changes }: WizardResult): any[] => changes.map((one) => one.object.spec);
const last = (result: WizardResult): any => specs(result).at(-1);

describe('traffic shifting', () => {
  test('names the versions first, then gives each its part', () => {
    const result = trafficShifting({ service, versions, routes: weights(90, 10) });
    expect(result.changes.map(({ action, object }) => [action, object.kind, object.metadata.name])).toEqual([
      ['create', 'DestinationRule', 'helloworld'],
      ['create', 'VirtualService', 'helloworld'],
    ]);
    expect(specs(result)[0].subsets).toEqual([
      { name: 'v1', labels: { version: 'v1' } },
      { name: 'v2', labels: { version: 'v2' } },
    ]);
    expect(last(result).http[0].route).toEqual([
      { destination: { host, subset: 'v1' }, weight: 90 },
      { destination: { host, subset: 'v2' }, weight: 10 },
    ]);
  });

  test('leaves out what has nothing, and the weight of the only one', () => {
    const { http } = last(trafficShifting({ service, versions, routes: weights(0, 100) }));
    expect(http[0].route).toEqual([{ destination: { host, subset: 'v2' } }]);
  });

  test('keeps what it is not about', () => {
    const kept = { match: [{ uri: { exact: '/admin' } }], route: [{ destination: { host: 'admin' } }] };
    const virtualService = existing('VirtualService', {
      hosts: [host],
      gateways: ['mesh'],
      http: [kept, { timeout: '3s', route: [{ destination: { host } }], mirror: { host } }],
    });
    const destinationRule = existing('DestinationRule', {
      host,
      trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } },
      subsets: [
        { name: 'old', labels: { version: 'old' } },
        { name: 'v1', labels: {}, trafficPolicy: {} },
      ],
    });
    const result = trafficShifting({
      service,
      versions,
      routes: weights(50, 50),
      existing: { virtualService, destinationRule },
    });
    expect(result.changes.map((one) => [one.action, one.object.metadata['resourceVersion']])).toEqual([
      ['update', '7'],
      ['update', '7'],
    ]);
    const [rule, routes] = specs(result);
    expect(rule).toMatchObject({ trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } });
    expect(rule.subsets).toEqual([
      { name: 'old', labels: { version: 'old' } },
      { name: 'v1', labels: { version: 'v1' }, trafficPolicy: {} },
      { name: 'v2', labels: { version: 'v2' } },
    ]);
    expect(routes).toMatchObject({ gateways: ['mesh'], http: [kept, { timeout: '3s' }] });
    expect(routes.http[1]).not.toHaveProperty('mirror');
    const again = trafficShifting({
      service,
      versions,
      routes: weights(50, 50),
      existing: { virtualService, destinationRule: result.changes[0]!.object },
    });
    expect(again.changes.map((one) => one.object.kind)).toEqual(['VirtualService']);
  });
});

test('request routing reads conditions together, matches one by one, and rules in their order', () => {
  const result = requestRouting({
    service,
    versions,
    rules: [
      {
        matches: [
          {
            conditions: [
              { of: 'header', name: 'X-User', how: 'exact', value: 'ada' },
              { of: 'uri', how: 'prefix', value: '/new' },
            ],
          },
          { conditions: [{ of: 'header', name: 'x-trial', how: 'present' }] },
        ],
        routes: [{ subset: 'v2', weight: 100 }],
        timeout: '2s',
        abort: { percent: 1.5, httpStatus: 503 },
      },
      { matches: [], routes: [{ subset: 'v1', weight: 100 }] },
    ],
  });
  expect(result.mistakes).toEqual([]);
  expect(last(result).http).toEqual([
    {
      match: [{ headers: { 'x-user': { exact: 'ada' } }, uri: { prefix: '/new' } }, { headers: { 'x-trial': {} } }],
      route: [{ destination: { host, subset: 'v2' } }],
      fault: { abort: { percentage: { value: 1.5 }, httpStatus: 503 } },
      timeout: '2s',
    },
    { route: [{ destination: { host, subset: 'v1' } }] },
  ]);
});

test('faults and timeouts come to every route, and go again', () => {
  const virtualService = existing('VirtualService', {
    hosts: [host],
    http: [{ match: [{ uri: { exact: '/' } }], route: [] }, { route: [] }],
  });
  const faulty = faultInjection({
    service,
    delay: { percent: 10, fixedDelay: '1s' },
    existing: { virtualService },
  });
  expect(last(faulty).http.map((one: any) => one.fault.delay.fixedDelay)).toEqual(['1s', '1s']);
  const slow = requestTimeouts({
    service,
    timeout: '5s',
    retries: { attempts: 2, perTryTimeout: '1s' },
    existing: { virtualService: faulty.changes[0]!.object },
  });
  expect(last(slow).http[0]).toMatchObject({ fault: {}, timeout: '5s', retries: { attempts: 2, perTryTimeout: '1s' } });
  const well = faultInjection({ service, existing: { virtualService: slow.changes[0]!.object } });
  expect(last(well).http[0]).not.toHaveProperty('fault');
  expect(last(well).http[0]).toHaveProperty('timeout');
});

test('a traffic policy changes what is named, and takes away what is null', () => {
  const destinationRule = existing('DestinationRule', {
    host,
    subsets: [],
    trafficPolicy: { tls: { mode: 'DISABLE' }, loadBalancer: { simple: 'RANDOM' } },
  });
  const result = trafficPolicy({
    service,
    circuitBreaker: { maxConnections: 10, http1MaxPendingRequests: 1 },
    outlierDetection: { consecutive5xxErrors: 3, baseEjectionTime: '30s' },
    tls: null,
    existing: { destinationRule },
  });
  expect(last(result)).toEqual({
    host,
    subsets: [],
    trafficPolicy: {
      loadBalancer: { simple: 'RANDOM' },
      connectionPool: { tcp: { maxConnections: 10 }, http: { http1MaxPendingRequests: 1 } },
      outlierDetection: { consecutive5xxErrors: 3, baseEjectionTime: '30s' },
    },
  });
});

const at = (field: string) => expect.objectContaining({ field });
test.each([
  ['weights', trafficShifting({ service, versions, routes: weights(50, 40) }), 'routes'],
  ['a version', trafficShifting({ service, versions, routes: [{ subset: 'v3', weight: 100 }] }), 'routes[0].subset'],
  [
    'labels',
    trafficShifting({ service, versions: [{ subset: 'a', labels: {} }], routes: [{ weight: 100 }] }),
    'versions[0].labels',
  ],
  [
    'mirrored connections',
    trafficShifting({
      service,
      versions,
      routes: weights(50, 50),
      protocol: 'tcp',
      mirror: { subset: 'v1', percent: 1 },
    }),
    'mirror',
  ],
  [
    'a rule before others',
    requestRouting({ service, versions, rules: [1, 2].map(() => ({ matches: [], routes: [{ weight: 100 }] })) }),
    'rules[0].matches',
  ],
  [
    'a condition',
    requestRouting({
      service,
      versions,
      rules: [{ matches: [{ conditions: [{ of: 'uri', how: 'regex', value: '(' }] }], routes: [{ weight: 100 }] }],
    }),
    'rules[0].matches[0].conditions[0].value',
  ],
  ['a duration', faultInjection({ service, delay: { percent: 5, fixedDelay: 'soon' } }), 'delay.fixedDelay'],
  ['a percentage', faultInjection({ service, abort: { percent: 101, httpStatus: 500 } }), 'abort.percent'],
  ['attempts', requestTimeouts({ service, retries: { attempts: -1 } }), 'retries.attempts'],
  ['connections', trafficPolicy({ service, circuitBreaker: { maxConnections: 0 } }), 'circuitBreaker.maxConnections'],
  [
    'ports of a namespace',
    mutualTls({ namespace: 'sample', mode: 'STRICT', portModes: [{ port: 80, mode: 'DISABLE' }] }),
    'portModes',
  ],
  ['a name', mutualTls({ namespace: 'sample', selector: { app: 'a' }, mode: 'STRICT' }), 'name'],
  ['a denial of nothing', authorization({ namespace: 'sample', name: 'a', action: 'DENY', rules: [] }), 'rules'],
  [
    'a port',
    authorization({ namespace: 'sample', name: 'a', action: 'ALLOW', rules: [{ to: [{ ports: ['http'] }] }] }),
    'rules[0].to[0].ports',
  ],
  [
    'an empty source',
    authorization({ namespace: 'sample', name: 'a', action: 'ALLOW', rules: [{ from: [{}] }] }),
    'rules[0].from[0]',
  ],
])('a mistake in %s is told by its field, and nothing is made', (_, { changes, mistakes }, field) => {
  expect(mistakes).toContainEqual(at(field));
  expect(changes).toEqual([]);
});

describe('an API server with the schemas of Istio takes what is made by', () => {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-wizards-'));
  let api: TestApiServer;
  beforeAll(async () => {
    api = await startTestApiServer({ folder });
    await api.client.create(kinds.Namespace, { metadata: { name: 'sample' } });
    const definitions: KubeObject[] = JSON.parse(
      gunzipSync(readFileSync(new URL('../../mesh/generated/istio-crds.json.gz', import.meta.url))).toString(),
    );
    for (const one of definitions) await api.client.create(kinds.CustomResourceDefinition, one);
  }, 60_000);
  afterAll(async () => {
    await api.stop();
    rmSync(folder, { recursive: true });
  });

  const source = { principals: ['cluster.local/ns/sample/sa/curl'], namespaces: ['sample'], ipBlocks: ['10.0.0.0/8'] };
  const operation = { hosts: ['a'], ports: ['80'], methods: ['GET'], paths: ['/'] };
  test.each<[string, WizardResult]>([
    [
      'traffic shifting',
      trafficShifting({ service, versions, routes: weights(90, 10), mirror: { subset: 'v2', percent: 5 } }),
    ],
    [
      'traffic shifting of connections',
      trafficShifting({ service, versions, routes: weights(90, 10), protocol: 'tcp' }),
    ],
    [
      'request routing',
      requestRouting({
        service,
        versions,
        rules: [
          {
            matches: [
              {
                conditions: [
                  { of: 'queryParam', name: 'a', how: 'exact', value: 'b' },
                  { of: 'method', how: 'regex', value: 'GET|PUT' },
                ],
              },
            ],
            routes: weights(50, 50),
            timeout: '1m30s',
            retries: { attempts: 3, retryOn: '5xx' },
            delay: { percent: 0.1, fixedDelay: '100ms' },
          },
        ],
      }),
    ],
    ['fault injection', faultInjection({ service, abort: { percent: 100, httpStatus: 418 } })],
    ['request timeouts', requestTimeouts({ service, timeout: '1.5s', retries: { attempts: 0 } })],
    [
      'traffic policy',
      trafficPolicy({
        service,
        circuitBreaker: {
          maxConnections: 1,
          connectTimeout: '1s',
          http2MaxRequests: 5,
          maxRequestsPerConnection: 1,
          maxRetries: 1,
        },
        outlierDetection: { consecutive5xxErrors: 5, interval: '10s', maxEjectionPercent: 50 },
        loadBalancer: 'LEAST_REQUEST',
        tls: 'ISTIO_MUTUAL',
      }),
    ],
    [
      'mutual TLS',
      mutualTls({
        namespace: 'sample',
        name: 'some',
        selector: { app: 'a' },
        mode: 'STRICT',
        portModes: [{ port: 80, mode: 'DISABLE' }],
      }),
    ],
    ['mutual TLS of a namespace', mutualTls({ namespace: 'sample', mode: 'PERMISSIVE' })],
    [
      'authorization',
      authorization({
        namespace: 'sample',
        name: 'some',
        selector: { app: 'a' },
        action: 'DENY',
        rules: [{ from: [source], to: [operation], when: [{ key: 'request.headers[a]', values: ['b'] }] }, {}],
      }),
    ],
    ['authorization of nobody', authorization({ namespace: 'sample', name: 'nobody', action: 'ALLOW', rules: [] })],
  ])('%s', async (_, { changes, mistakes }) => {
    expect(mistakes).toEqual([]);
    expect(changes.length).toBeGreaterThan(0);
    for (const { object } of changes) {
      const kind = kinds[object.kind as 'VirtualService'];
      const made = await api.client.create(kind, object as KubeObject, { dryRun: true, fieldValidation: 'Strict' });
      expect(made['spec']).toMatchObject(object.spec);
    }
  });
});
