/** What the wizards make is what Istio's definitions take, field by field: an API server that refuses unknown fields is asked. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../../../test/support/api-server.ts';
import { type KubeObject, kinds } from '../../kube/index.ts';
import { circuitBreaker } from './circuit-breaker.ts';
import { faultInjection } from './faults.ts';
import type { ConfigObject } from './objects.ts';
import { requestRouting } from './request-routing.ts';
import { authorizationPolicy, mutualTls } from './security.ts';
import { requestTimeouts } from './timeouts.ts';
import { evenWeights, trafficShifting } from './traffic-shifting.ts';

let api: TestApiServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-wizards-'));
  api = await startTestApiServer({ folder });
  const packed = readFileSync(new URL('../../mesh/generated/istio-crds.json.gz', import.meta.url));
  for (const one of JSON.parse(gunzipSync(packed).toString()))
    await api.client.create(kinds.CustomResourceDefinition, one);
  await api.client.create(kinds.Namespace, { metadata: { name: 'sample' } });
}, 60_000);
afterAll(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true });
});

const service = { name: 'helloworld', namespace: 'sample' };
const place = { namespace: 'sample', selector: { app: 'helloworld' } };
const outliers = { consecutive5xxErrors: 3, interval: 5, baseEjectionTime: 0.5, maxEjectionPercent: 50 };

test.each<[string, ConfigObject[]]>([
  ['traffic shifting', trafficShifting(service, evenWeights(['v1', 'v2', 'v3']))],
  [
    'request routing',
    requestRouting(service, {
      matches: [
        { of: 'header', name: 'end-user', how: 'exact', value: 'ann' },
        { of: 'uri', how: 'prefix', value: '/a' },
        { of: 'method', how: 'regex', value: 'GET|PUT' },
        { of: 'authority', how: 'exact', value: 'a' },
      ],
      weights: [{ version: 'v2', weight: 100 }],
    }),
  ],
  ['faults', faultInjection(service, { delay: { percent: 0.5, seconds: 2 }, abort: { percent: 1, status: 503 } })],
  ['timeouts', requestTimeouts(service, { timeout: 2, retries: { attempts: 3, perTryTimeout: 0.25, retryOn: '5xx' } })],
  ['circuit breaker', circuitBreaker(service, { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, outliers })],
  ['mutual TLS', mutualTls({ ...place, name: 'helloworld' }, 'STRICT')],
  [
    'authorization',
    authorizationPolicy({
      ...place,
      name: 'policy',
      action: 'DENY',
      principals: ['cluster.local/ns/sample/sa/curl'],
      namespaces: ['shop'],
      methods: ['GET'],
      paths: ['/a*'],
    }),
  ],
])('%s', async (_name, objects) => {
  expect(objects.length).toBeGreaterThan(0);
  for (const object of objects) {
    const kind = kinds[object.kind as 'VirtualService'];
    const made = await api.client.create(kind, object as KubeObject, { dryRun: true, fieldValidation: 'Strict' });
    expect(made['spec']).toEqual(object.spec);
  }
  const [wrong] = structuredClone(objects);
  wrong!.spec['notAField'] = 1;
  const kind = kinds[wrong!.kind as 'VirtualService'];
  await expect(
    api.client.create(kind, wrong as KubeObject, { dryRun: true, fieldValidation: 'Strict' }),
  ).rejects.toThrow(/notAField/);
});
