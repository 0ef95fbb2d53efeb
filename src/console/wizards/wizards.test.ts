import { expect, test } from 'vitest';
import { breakerMistake, circuitBreaker, presentBreaker } from './circuit-breaker.ts';
import { faultInjection, faultsMistake, presentFaults } from './faults.ts';
import { type ConfigObject, durationOf, isHostOf, secondsOf } from './objects.ts';
import { type Match, matchesMistake, requestRouting } from './request-routing.ts';
import { type Authorization, authorizationMistake, authorizationPolicy, mutualTls } from './security.ts';
import { rebalanced, weightsMistake } from './subsets.ts';
import { presentTimeouts, requestTimeouts, timeoutsMistake } from './timeouts.ts';
import { evenWeights, presentWeights, trafficShifting } from './traffic-shifting.ts';

const service = { name: 'helloworld', namespace: 'sample' };
const host = 'helloworld.sample.svc.cluster.local';
const networking = (kind: string, spec: object): ConfigObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name: 'theirs', namespace: 'sample', labels: { by: 'them' } },
  spec,
});

test('shares of traffic: subsets first, then the route; what was said before is read back', () => {
  const [rule, virtualService] = trafficShifting(service, [
    { version: 'v1', weight: 90 },
    { version: 'v2', weight: 10 },
  ]);
  expect(rule).toMatchObject({
    kind: 'DestinationRule',
    metadata: { name: 'helloworld', namespace: 'sample' },
    spec: {
      host,
      subsets: [
        { name: 'v1', labels: { version: 'v1' } },
        { name: 'v2', labels: { version: 'v2' } },
      ],
    },
  });
  expect(virtualService!.spec).toEqual({
    hosts: [host],
    http: [
      {
        route: [
          { destination: { host, subset: 'v1' }, weight: 90 },
          { destination: { host, subset: 'v2' }, weight: 10 },
        ],
      },
    ],
  });
  const existing = { virtualService: virtualService!, destinationRule: rule! };
  expect(presentWeights(['v1', 'v2', 'v3'], existing)).toEqual([
    { version: 'v1', weight: 90 },
    { version: 'v2', weight: 10 },
    { version: 'v3', weight: 0 },
  ]);
  const [, all] = trafficShifting(
    service,
    [
      { version: 'v1', weight: 0 },
      { version: 'v2', weight: 100 },
    ],
    existing,
  );
  expect(all!.spec['http'][0].route).toEqual([{ destination: { host, subset: 'v2' } }]);
  expect(presentWeights(['v1'], {})).toBeUndefined();
});

test('what others have written stays: names, labels, subsets, routes, and the input itself', () => {
  const destinationRule = networking('DestinationRule', {
    host: 'helloworld',
    trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } },
    subsets: [
      { name: 'stable', labels: { version: 'v1' } },
      { name: 'v2', labels: { version: 'v2', tier: 'beta' } },
    ],
  });
  const virtualService = networking('VirtualService', {
    hosts: ['helloworld'],
    http: [{ match: [{ uri: { prefix: '/old' } }], route: [{ destination: { host: 'old' } }] }],
  });
  const before = structuredClone({ destinationRule, virtualService });
  const [rule, routes] = trafficShifting(service, evenWeights(['v1', 'v2']), { destinationRule, virtualService });
  expect(rule!.metadata).toEqual(before.destinationRule.metadata);
  expect(rule!.spec['trafficPolicy']).toEqual({ tls: { mode: 'ISTIO_MUTUAL' } });
  expect(rule!.spec['subsets'].map((one: { name: string }) => one.name)).toEqual(['stable', 'v2', 'v2-2']);
  expect(routes!.spec['http']).toHaveLength(2);
  expect(routes!.spec['http'][0]).toEqual(before.virtualService.spec['http'][0]);
  expect(routes!.spec['http'][1].route.map((one: any) => one.destination.subset)).toEqual(['stable', 'v2-2']);
  expect({ destinationRule, virtualService }).toEqual(before);
});

test.each<[number[], number, number, number[]]>([
  [[50, 50], 0, 90, [90, 10]],
  [[100, 0, 0], 0, 40, [40, 30, 30]],
  [[20, 20, 60], 1, 50, [13, 50, 37]],
  [[0, 100], 0, 200, [100, 0]],
  [[100], 0, 10, [100]],
])('shares %j with number %i at %i', (before, index, weight, after) => {
  const versions = before.map((share, at) => ({ version: `v${at}`, weight: share }));
  const shares = rebalanced(versions, index, weight).map((one) => one.weight);
  expect(shares.reduce((sum, one) => sum + one, 0)).toBe(100);
  expect(shares).toEqual(after);
});

test('a rule of request routing stands before the others', () => {
  const [, first] = trafficShifting(service, [{ version: 'v1', weight: 100 }]);
  const [, virtualService] = requestRouting(
    service,
    {
      matches: [
        { of: 'header', name: 'End-User', how: 'exact', value: 'ann' },
        { of: 'uri', how: 'prefix', value: '/hello' },
      ],
      weights: [{ version: 'v2', weight: 100 }],
    },
    { virtualService: first! },
  );
  expect(virtualService!.spec['http'][0].match).toEqual([
    { headers: { 'end-user': { exact: 'ann' } }, uri: { prefix: '/hello' } },
  ]);
  expect(virtualService!.spec['http'][1].route[0].destination.subset).toBe('v1');
});

test('faults, timeouts and limits are set on what is there, read back, and taken away', () => {
  const faults = { delay: { percent: 10, seconds: 0.5 }, abort: { percent: 1, status: 503 } };
  const [broken] = faultInjection(service, faults);
  expect(broken!.spec['http'][0].fault).toEqual({
    delay: { percentage: { value: 10 }, fixedDelay: '500ms' },
    abort: { percentage: { value: 1 }, httpStatus: 503 },
  });
  expect(presentFaults({ virtualService: broken! })).toEqual(faults);
  const timeouts = { timeout: 2, retries: { attempts: 3, perTryTimeout: 0.5, retryOn: '5xx' } };
  const [slow] = requestTimeouts(service, timeouts, { virtualService: broken! });
  expect(slow!.spec['http'][0]).toMatchObject({ timeout: '2s', retries: { attempts: 3, perTryTimeout: '500ms' } });
  expect(presentTimeouts({ virtualService: slow! })).toEqual(timeouts);
  const [mended] = faultInjection(service, {}, { virtualService: slow! });
  expect(mended!.spec['http'][0]).not.toHaveProperty('fault');
  expect(mended!.spec['http'][0]).toHaveProperty('timeout');
  const limits = {
    maxConnections: 10,
    maxPendingRequests: 5,
    maxRequests: undefined,
    outliers: { consecutive5xxErrors: 3, interval: 5, baseEjectionTime: 30, maxEjectionPercent: 50 },
  };
  const theirs = networking('DestinationRule', { host, trafficPolicy: { tls: { mode: 'DISABLE' } } });
  const [rule] = circuitBreaker(service, limits, { destinationRule: theirs });
  expect(rule!.spec['trafficPolicy']).toEqual({
    tls: { mode: 'DISABLE' },
    connectionPool: { tcp: { maxConnections: 10 }, http: { http1MaxPendingRequests: 5 } },
    outlierDetection: { consecutive5xxErrors: 3, interval: '5s', baseEjectionTime: '30s', maxEjectionPercent: 50 },
  });
  expect(presentBreaker({ destinationRule: rule! })).toEqual(limits);
  const [open] = circuitBreaker(service, {}, { destinationRule: rule! });
  expect(open!.spec).toEqual(theirs.spec);
});

test('mutual TLS and authorization', () => {
  const [peer] = mutualTls({ namespace: 'sample' }, 'STRICT');
  expect(peer).toMatchObject({
    kind: 'PeerAuthentication',
    metadata: { name: 'default' },
    spec: { mtls: { mode: 'STRICT' } },
  });
  expect(peer!.spec).not.toHaveProperty('selector');
  const [policy] = authorizationPolicy({
    name: 'curl-only',
    namespace: 'sample',
    selector: { app: 'helloworld' },
    action: 'ALLOW',
    principals: ['cluster.local/ns/sample/sa/curl'],
    namespaces: [],
    methods: ['GET'],
    paths: [],
  });
  expect(policy!.spec).toEqual({
    selector: { matchLabels: { app: 'helloworld' } },
    action: 'ALLOW',
    rules: [
      {
        from: [{ source: { principals: ['cluster.local/ns/sample/sa/curl'] } }],
        to: [{ operation: { methods: ['GET'] } }],
      },
    ],
  });
});

const uri: Match = { of: 'uri', how: 'prefix', value: '/a' };
const rule: Authorization = {
  name: 'a',
  namespace: 'b',
  action: 'DENY',
  principals: ['x'],
  namespaces: [],
  methods: [],
  paths: [],
};

test.each<[string, string | undefined, RegExp | undefined]>([
  ['no versions', weightsMistake([]), /label version/],
  ['weights of 90', weightsMistake([{ version: 'v1', weight: 90 }]), /add up to 90/],
  [
    'a negative weight',
    weightsMistake([
      { version: 'a', weight: -1 },
      { version: 'b', weight: 101 },
    ]),
    /0 to 100/,
  ],
  ['even weights of three', weightsMistake(evenWeights(['a', 'b', 'c'])), undefined],
  ['no match', matchesMistake([]), /all requests/],
  ['a path', matchesMistake([uri]), undefined],
  ['a path without /', matchesMistake([{ ...uri, value: 'a' }]), /begins with/],
  ['two paths', matchesMistake([uri, uri]), /two matches of uri/],
  ['a header without a name', matchesMistake([{ of: 'header', how: 'exact', value: 'a' }]), /needs a name/],
  ['a header with a space', matchesMistake([{ of: 'header', name: 'a b', how: 'exact', value: 'a' }]), /no name/],
  ['an empty value', matchesMistake([{ ...uri, value: '' }]), /empty: uri/],
  ['a delay of all', faultsMistake({ delay: { percent: 100, seconds: 1 } }), undefined],
  ['a delay of none', faultsMistake({ delay: { percent: 0, seconds: 1 } }), /more than 0/],
  ['no fault and none there', faultsMistake({}), /none to take away/],
  ['no fault where some are', faultsMistake({}, { virtualService: networking('VirtualService', {}) }), undefined],
  ['no timeout', timeoutsMistake({}), /nothing to take away/],
  ['no limit', breakerMistake({}), /none to take away/],
  ['status 99', faultsMistake({ abort: { percent: 1, status: 99 } }), /200 to 599/],
  [
    'a long try',
    timeoutsMistake({ timeout: 1, retries: { attempts: 1, perTryTimeout: 2, retryOn: '' } }),
    /no second try/,
  ],
  ['half an attempt', timeoutsMistake({ retries: { attempts: 0.5, retryOn: '' } }), /whole number/],
  ['no connections', breakerMistake({ maxConnections: 0 }), /from 1/],
  ['a source denied', authorizationMistake(rule), undefined],
  ['all denied', authorizationMistake({ ...rule, principals: [] }), /every request/],
  ['a SPIFFE ID', authorizationMistake({ ...rule, principals: ['spiffe://a'] }), /without spiffe/],
  ['a bad name', authorizationMistake({ ...rule, name: 'A b' }), /small letters/],
])('%s', (_name, mistake, told) => {
  if (told) expect(mistake).toMatch(told);
  else expect(mistake).toBeUndefined();
});

test('hosts and durations are read as Istio reads them', () => {
  for (const written of ['helloworld', 'helloworld.sample', 'helloworld.sample.svc', host])
    expect(isHostOf(service, written, 'sample')).toBe(true);
  expect(isHostOf(service, 'helloworld', 'other')).toBe(false);
  expect([secondsOf('1m30s'), secondsOf('500ms'), secondsOf('1.5s'), secondsOf('5')]).toEqual([
    90,
    0.5,
    1.5,
    undefined,
  ]);
  expect([durationOf(2), durationOf(0.25), durationOf(1.5)]).toEqual(['2s', '250ms', '1500ms']);
});
