import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../../../test/support/api-server.ts';
import { type ConsoleClient, consoleAt } from '../../../test/support/console.ts';
import { type KubeObject, kinds } from '../../kube/index.ts';
import { Observer } from '../../observe/index.ts';
import { type Console, startConsole } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-change-'));
const path = '/api/namespaces/sample/istio/networking.istio.io/v1/DestinationRule';
const rule = (name: string, host = 'nowhere.sample.svc.cluster.local') =>
  JSON.stringify({ kind: 'DestinationRule', metadata: { name }, spec: { host } });
let api: TestApiServer;
let observer: Observer;
let server: Console;
let readOnly: Console;
let client: ConsoleClient;

beforeAll(async () => {
  api = await startTestApiServer({ folder, name: 'east' });
  for (const name of ['sample', 'istio-system']) await api.client.create(kinds.Namespace, { metadata: { name } });
  const definitions: KubeObject[] = JSON.parse(
    gunzipSync(readFileSync(new URL('../../mesh/generated/istio-crds.json.gz', import.meta.url))).toString(),
  );
  for (const one of definitions) await api.client.create(kinds.CustomResourceDefinition, one);
  observer = new Observer();
  const { connection } = api.client;
  observer.model.follow([{ context: 'east', connection }]);
  await observer.model.settled(10_000);
  const options = { observer, port: 0, version: '1', pages: async () => ({ folder }) };
  server = await startConsole({ ...options, allowEdit: true });
  readOnly = await startConsole(options);
  client = consoleAt(server.url);
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await readOnly[Symbol.asyncDispose]();
  await observer[Symbol.asyncDispose]();
  await api.stop();
  rmSync(folder, { recursive: true });
});

const post = (body: string, query = 'clusterName=east', at = client) =>
  at.ask(`${path}?${query}`, { method: 'POST', body });
const remove = (name: string, query = 'clusterName=east', at = client) =>
  at.ask(`${path}/${name}?${query}`, { method: 'DELETE' });
const exists = (name: string): Promise<boolean> =>
  api.client.get(kinds.DestinationRule, name, 'sample').then(
    () => true,
    () => false,
  );
const seen = (name: string) =>
  vi.waitFor(async () => expect((await client.ask(`${path}/${name}`)).status).toBe(200), { timeout: 10_000 });

test('an object is made after it was shown, with its findings', async () => {
  const dry = await post(rule('made'), 'clusterName=east&dryRun=true');
  expect(dry.body).toMatchObject({ action: 'create', dryRun: true, changed: true, before: '' });
  expect(dry.body.after).toContain('host: nowhere.sample.svc.cluster.local');
  expect(dry.body.checks.map((one: any) => one.code)).toContain('KIA0202');
  expect(await exists('made')).toBe(false);
  expect((await post(rule('made'))).body).toMatchObject({ action: 'create', dryRun: false });
  expect(await exists('made')).toBe(true);
  expect((await post(rule('made'))).status).toBe(409);
});

test('an object is taken away after that was tried', async () => {
  await post(rule('unwanted'));
  await seen('unwanted');
  const dry = await remove('unwanted', 'clusterName=east&dryRun=true');
  expect(dry.body).toMatchObject({ action: 'delete', dryRun: true, after: '' });
  expect(dry.body.before).toContain('name: unwanted');
  expect(await exists('unwanted')).toBe(true);
  expect((await remove('unwanted')).status).toBe(200);
  expect(await exists('unwanted')).toBe(false);
  expect((await remove('unwanted')).status).toBe(404);
});

test.each([
  ['no cluster', '', rule('x'), 400, 'say which with clusterName='],
  ['a cluster that is not there', 'clusterName=mars', rule('x'), 404, undefined],
  [
    'another kind',
    'clusterName=east',
    'kind: Secret\nmetadata: {name: x}',
    400,
    'kind and namespace are those of the path',
  ],
  ['no name', 'clusterName=east', 'metadata: {}\nspec: {}', 400, 'write metadata.name'],
  ['no YAML', 'clusterName=east', 'a: [', 400, undefined],
  [
    'a field that the schema does not know',
    'clusterName=east',
    'metadata: {name: x}\nspec: {hosts: [a]}',
    400,
    undefined,
  ],
])('nothing is made with %s', async (_, query, body, status, fix) => {
  const answer = await post(body, query);
  expect([answer.status, answer.body.fix], answer.text).toEqual([status, fix]);
  expect(await exists('x')).toBe(false);
});

test('a console that only reads makes and takes away nothing, and says what may be done', async () => {
  const own = consoleAt(readOnly.url);
  await post(rule('kept'));
  await seen('kept');
  expect((await post(rule('y'), 'clusterName=east', own)).body.code).toBe('console.read-only');
  await vi.waitFor(async () => expect((await own.ask(`${path}/kept`)).status).toBe(200), { timeout: 10_000 });
  expect((await remove('kept', 'clusterName=east', own)).body.code).toBe('console.read-only');
  expect([await exists('y'), await exists('kept')]).toEqual([false, true]);
  const query = '/api/istio/permissions?clusterName=east&namespace=sample';
  expect(await own.get(query)).toMatchObject({ create: [], delete: [], why: expect.stringContaining('--allow-edit') });
  expect((await client.get<any>(query)).create).toContain('VirtualService');
});

test('a kind is told with its schema', async () => {
  const { schema, cluster } = await client.get<any>('/api/istio/kinds/networking.istio.io/v1/DestinationRule');
  expect(cluster).toBe('east');
  expect(schema.properties.spec.properties).toHaveProperty('trafficPolicy');
  expect((await client.ask('/api/istio/kinds/apps/v1/Deployment')).status).toBe(404);
});
