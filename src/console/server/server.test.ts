import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { apiSchemas } from '../../../scripts/generate-api-schemas.ts';
import { faultsOf, judgeAnswers } from '../../../test/support/api-answers.ts';
import { type ConsoleClient, consoleAt } from '../../../test/support/console.ts';
import { type PlantedObserved, plantDeployment, plantObserved } from '../../../test/support/planted-observed.ts';
import type { StreamMessage } from '../api.ts';
import { type Console, startConsole } from './index.ts';
import { durationOf, timeOf } from './parameters.ts';

let planted: PlantedObserved;
let server: Console;
let client: ConsoleClient;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-pages-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>pages</title>');
  writeFileSync(join(folder, 'app.js'), 'void 0');
  symlinkSync('/etc/hostname', join(folder, 'leak.js'));
  planted = await plantObserved();
  server = await startConsole({ observer: planted.observer, port: 0, version: '1', pages: async () => ({ folder }) });
  client = consoleAt(server.url);
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await planted[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** With headers that fetch does not let one set. */
function raw(path: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

test('every route of the document answers as it says, with planted clusters', async () => {
  const { east } = planted;
  east.put('VirtualService', {
    metadata: { name: 'wrong', namespace: 'sample' },
    spec: { hosts: ['helloworld'], http: [{ route: [{ destination: { host: 'nobody' } }] }] },
  });
  planted.west.put('PeerAuthentication', { metadata: { name: 'unread', namespace: 'sample' }, spec: {} });
  await planted.settle();
  const { asked, faults } = await judgeAnswers(
    client,
    {
      parameters: { namespace: 'sample', group: 'networking.istio.io', version: 'v1', kind: 'VirtualService' },
      names: {
        workloads: 'curl',
        apps: 'curl',
        applications: 'curl',
        services: 'helloworld',
        pods: 'curl-abc-0',
        '{kind}': 'wrong',
      },
      query: 'clusterName=east&namespace=sample',
    },
    (path) => !/metrics|logs|config_dump|explain/.test(path),
  );
  expect(faults).toEqual([]);
  expect(asked.length).toBeGreaterThan(30);
});

test('the schemas are those of the types', () => {
  const kept = readFileSync(new URL('./generated/api-schemas.json', import.meta.url), 'utf8');
  expect(kept === apiSchemas(), 'run: node scripts/generate-api-schemas.ts').toBe(true);
}, 60_000);

test('an answer that is not of its type is seen', () => {
  expect(
    faultsOf('MeshTls', { status: 'a', autoMTLSEnabled: 'yes', more: 1 }).map(
      (one) => one.split(':')[1]!.trim().split(' {')[0],
    ),
  ).toEqual(["must have required property 'minTLS'", 'must NOT have additional properties', 'must be boolean']);
});

test('how Prometheus and mutual TLS are set is read from the clusters', async () => {
  const own = await client.get<any>('/api/config');
  expect(own.prometheus).toEqual({});
  expect(await client.get<any>('/api/mesh/tls')).toEqual({
    status: 'MTLS_NOT_ENABLED',
    autoMTLSEnabled: true,
    minTLS: 'N/A',
  });
  const proxy = '/api/v1/namespaces/istio-system/services/prometheus:9090/proxy/api/v1/status';
  for (const [api, interval, storageRetention] of [
    [planted.east, '5s', '15d'],
    [planted.west, '1m', '6h or 1GiB'],
  ] as const) {
    api.pages.set(`${proxy}/config`, {
      status: 'success',
      data: { yaml: `global: {scrape_interval: ${interval}}` },
    });
    api.pages.set(`${proxy}/runtimeinfo`, { status: 'success', data: { storageRetention } });
  }
  const data = { mesh: 'enableAutoMtls: false\nmeshMTLS: {minProtocolVersion: TLSV1_3}\n' };
  planted.east.put('ConfigMap', { metadata: { name: 'istio', namespace: 'istio-system' }, data });
  await planted.settle();
  expect(await client.get<any>('/api/mesh/tls')).toMatchObject({ autoMTLSEnabled: false, minTLS: 'TLSV1_3' });
  // A Prometheus that did not tell is asked again after a minute.
  const later = Date.now() + 61_000;
  vi.spyOn(Date, 'now').mockReturnValue(later);
  await planted.observer.facts.refresh();
  vi.restoreAllMocks();
  const { prometheus } = await client.get<any>('/api/config');
  expect(prometheus).toEqual({ globalScrapeInterval: 60, storageTsdbRetention: 21_600 });
});

describe('lists', () => {
  test('are of all clusters, or of those that are asked for', async () => {
    const all = await client.get<any>('/api/clusters/workloads?namespaces=sample');
    expect(all.workloads.map((one: any) => `${one.cluster}/${one.name}`).sort()).toEqual([
      'east/curl',
      'east/helloworld-v1',
      'west/curl',
      'west/helloworld-v2',
    ]);
    const one = await client.get<any>('/api/namespaces/sample/services?clusters=west');
    expect(one.services.map((service: any) => [service.cluster, service.name, service.sameIn])).toEqual([
      ['west', 'helloworld', ['east']],
      ['west', 'curl', ['east']],
    ]);
  });

  test('of an entity in several clusters must say which', async () => {
    const { status, body } = await client.ask('/api/namespaces/sample/workloads/curl');
    expect([status, body.fix]).toEqual([400, 'say which with clusterName=']);
    expect((await client.ask('/api/namespaces/sample/workloads/helloworld-v2')).body.cluster).toBe('west');
    expect((await client.ask('/api/namespaces/sample/workloads/nobody')).status).toBe(404);
    expect((await client.ask('/api/namespaces/sample/workloads/curl?clusterName=mars')).body.error).toContain(
      'no cluster mars',
    );
  });
});

test("health is told in Kiali's form where it is asked for as Kiali is; of namesakes the worse", async () => {
  plantDeployment(planted.west, 'sample', 'curl', { app: 'curl' }, { ready: 0 });
  await planted.settle();
  const own = await client.get<any>('/api/clusters/health?namespaces=sample');
  expect(Object.keys(own).sort()).toEqual(['namespaces', 'problems']);
  const apps = await client.get<any>('/api/clusters/health?namespaces=sample&type=app&rateInterval=60s');
  expect(apps.namespaceAppHealth.sample.curl).toMatchObject({
    status: 'Failure',
    workloadStatuses: [{ name: 'curl' }],
  });
  expect(apps).not.toHaveProperty('namespaceWorkloadHealth');
  const east = await client.get<any>('/api/clusters/health?namespaces=sample&clusterName=east');
  expect(east.namespaceWorkloadHealth.sample.curl).toMatchObject({
    status: 'Healthy',
    workloadStatus: { name: 'curl' },
  });
});

test('mistakes in parameters are told, with what is right', async () => {
  const { status, body } = await client.ask('/api/namespaces/graph?duration=forever');
  expect([status, body.code, body.fix]).toEqual([400, 'console.bad-request', 'write it as 30s, 10m or 1h']);
  expect((await client.ask('/api/namespaces/graph?graphType=pie')).status).toBe(400);
  expect((await client.ask('/api/nowhere')).status).toBe(404);
  expect((await client.ask('/api/mesh', { method: 'DELETE' })).status).toBe(405);
  const query = (text: string) => new URLSearchParams(text);
  expect(durationOf(query('duration=1h30m'))).toBe(5400);
  expect(() => durationOf(query('duration=25h'))).toThrow();
  expect(timeOf(query('queryTime=1700000000'))).toBe(1_700_000_000);
});

test('differences of services between clusters are listed field by field', async () => {
  planted.west.put('Service', {
    metadata: { name: 'helloworld', namespace: 'sample' },
    spec: { selector: { app: 'helloworld' }, ports: [{ name: 'http', port: 6000 }] },
  });
  await planted.settle();
  const { differences } = await client.get<any>('/api/istio/differences');
  expect(differences).toMatchObject([
    {
      kind: 'Service',
      name: 'helloworld',
      fields: [
        {
          path: 'ports[0].port',
          values: [
            { cluster: 'east', value: '5000' },
            { cluster: 'west', value: '6000' },
          ],
        },
      ],
    },
  ]);
});

test('wizards know the versions of a service in all clusters, and what is written about it', async () => {
  for (const [name, hosts] of [
    ['own', ['helloworld']],
    ['other', ['helloworld', 'more.example']],
  ] as const)
    planted.east.put('VirtualService', { metadata: { name, namespace: 'sample' }, spec: { hosts } });
  await planted.settle();
  const data = await client.get<any>('/api/namespaces/sample/services/helloworld/wizards?clusterName=west');
  expect(data.versions).toEqual([
    { subset: 'v1', labels: { version: 'v1' }, workloads: [{ cluster: 'east', name: 'helloworld-v1' }] },
    { subset: 'v2', labels: { version: 'v2' }, workloads: [{ cluster: 'west', name: 'helloworld-v2' }] },
  ]);
  // In west nothing is read; the console only reads.
  expect(data.targets).toMatchObject([{ cluster: 'east', mayCreate: false, mayUpdate: false, destinationRules: [] }]);
  expect(data.targets[0].virtualServices.map((one: any) => one.metadata.name)).toEqual(['own']);
});

test('only reads, unless it was started to edit', async () => {
  const path =
    '/api/namespaces/istio-system/istio/networking.istio.io/v1/Gateway/cross-network-gateway?clusterName=east';
  const { status, body } = await client.ask(path, { method: 'PUT', body: '{}' });
  expect([status, body.code]).toEqual([403, 'console.read-only']);
  expect((await client.get<any>(path)).editable).toBe(false);
});

describe('pages', () => {
  test('are files of the folder and nothing else; unknown paths are the application', async () => {
    expect((await client.ask('/app.js')).text).toBe('void 0');
    for (const path of ['/', '/clusters/east/workloads/curl', '/leak.js', '/%2e%2e/%2e%2e/etc/passwd'])
      expect((await client.ask(path)).text, path).toContain('<title>pages</title>');
    const { headers } = await client.ask('/app.js');
    expect(headers.get('content-security-policy')).toContain("script-src 'self';");
    const etag = headers.get('etag')!;
    expect((await client.ask('/app.js', { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  test('are told to be prepared until they are there, and why they are not', async () => {
    let fail = (_: Error): void => {};
    const pages = new Promise<{ folder: string }>((_, reject) => {
      fail = reject;
    });
    await using other = await startConsole({ observer: planted.observer, port: 0, version: '1', pages: () => pages });
    const own = consoleAt(other.url);
    const waiting = await own.ask('/');
    expect([waiting.status, waiting.headers.get('refresh')]).toEqual([503, '1']);
    fail(new Error('no <bundler>'));
    await pages.catch(() => {});
    const failed = await own.ask('/');
    expect(failed.status).toBe(500);
    expect(failed.text).toContain('no &#60;bundler&#62;');
    expect(failed.text).not.toMatch(/<script|style=/);
    expect((await own.ask('/api')).body.name).toBe('isthmus');
  });
});

describe('strangers', () => {
  test('are refused: rebound names, other origins, requests from other sites', async () => {
    expect((await raw('/api/mesh', { host: 'evil.example:20001' })).status).toBe(403);
    expect((await raw('/api/mesh', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await raw('/api/mesh', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' })).status).toBe(403);
    expect((await raw('/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status).toBe(200);
    expect((await raw('/api/mesh', { host: 'localhost:1' })).status).toBe(200);
  });

  test('cannot reach it from elsewhere without signing in', async () => {
    const open = startConsole({
      observer: planted.observer,
      listen: '0.0.0.0',
      port: 0,
      version: '1',
      pages: async () => ({ folder }),
    });
    await expect(open).rejects.toMatchObject({ code: 'console.open' });
  });

  test('must sign in where a token is asked for', async () => {
    await using other = await startConsole({
      observer: planted.observer,
      auth: 'token',
      port: 0,
      version: '1',
      pages: async () => ({ folder }),
    });
    const own = consoleAt(other.url);
    expect((await own.ask('/api/mesh')).status).toBe(401);
    expect((await own.ask('/api/auth/info')).body).toEqual({ strategy: 'token' });
    expect(
      (await own.ask('/api/authenticate', { method: 'POST', body: new URLSearchParams({ token: 'wrong' }) })).status,
    ).toBe(401);
    const signedIn = await own.ask('/api/authenticate', {
      method: 'POST',
      body: new URLSearchParams({ token: 'good-token-of-west' }),
    });
    expect([signedIn.status, signedIn.body.username]).toEqual([200, 'somebody']);
  });
});

test('a taken port is told as such', async () => {
  const port = Number(new URL(server.url).port);
  const second = startConsole({ observer: planted.observer, port, version: '1', pages: async () => ({ folder }) });
  await expect(second).rejects.toMatchObject({ code: 'console.port', fix: expect.stringContaining('--port') });
});

test('the stream tells what changes, many changes of a moment at once, and events', async () => {
  const abort = new AbortController();
  const response = await fetch(`${server.url}/api/events/stream`, { signal: abort.signal });
  const messages: StreamMessage[] = [];
  const reading = (async () => {
    let text = '';
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString();
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = text
          .slice(0, end)
          .split('\n')
          .find((line) => line.startsWith('data: '));
        text = text.slice(end + 2);
        if (data) messages.push(JSON.parse(data.slice(6)));
      }
    }
  })().catch(() => {});
  const seen = async (what: (one: StreamMessage) => boolean): Promise<StreamMessage> => {
    for (;;) {
      const found = messages.find(what);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await seen((one) => one.type === 'hello');
  for (const name of ['a', 'b'])
    planted.east.put('VirtualService', {
      metadata: { name, namespace: 'sample', creationTimestamp: new Date().toISOString() },
      spec: {},
    });
  const changed = await seen((one) => one.type === 'changed' && one.scopes.includes('config'));
  expect(changed).toMatchObject({
    where: [{ cluster: 'east', namespace: 'sample', kind: 'VirtualService', name: 'a' }, { name: 'b' }],
  });
  await seen((one) => one.type === 'event' && one.event.object?.name === 'b' && one.event.type === 'added');
  planted.east.remove('Secret', 'istio-system', 'istio-remote-secret-west');
  const link = await seen((one) => one.type === 'event' && one.event.type === 'link');
  expect(link).toMatchObject({
    event: { severity: 'warning', link: { id: 'remote-secret:east>west', state: 'broken', before: 'ok' } },
  });
  abort.abort();
  await reading;
});
