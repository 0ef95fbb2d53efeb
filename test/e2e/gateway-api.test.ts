/** The Gateway API on real proxies: a Gateway that istiod deploys, its routes, and a route within the mesh. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createRoot, issueLeaf } from '../../src/pki/index.ts';
import { eventually, kubectl } from '../support/isthmus.ts';

const home = inject('home');
const east = (args: string[], input?: string) => kubectl(home, 'east', args, input);
const planted = readFileSync(join(import.meta.dirname, 'planted/gateway-api.yaml'), 'utf8');
const gateways = 'gateways.gateway.networking.k8s.io';

let address = '';

async function apply(text: string): Promise<void> {
  const { code, stderr } = await east(['apply', '-f', '-'], text);
  expect(code, stderr).toBe(0);
}

async function curl(...args: string[]): Promise<string> {
  const command = ['curl', '-s', '-i', '--max-time', '10', ...args];
  return (await east(['-n', 'sample', 'exec', 'deploy/curl', '-c', 'curl', '--', ...command])).stdout;
}

const ask = (path: string, ...args: string[]) => curl('-H', 'Host: hello.example', ...args, `http://${address}${path}`);
const statusOf = (answer: string) => Number(/^HTTP\/\S+ (\d+)/.exec(answer)?.[1] ?? 0);

const until = (what: string, get: () => Promise<string>, holds: (answer: string) => boolean) =>
  eventually(what, async () => {
    const answer = await get();
    return holds(answer) ? { value: answer } : { seen: answer };
  });

const condition = async (kind: string, namespace: string, name: string, path: string) =>
  (await east(['-n', namespace, 'get', kind, name, '-o', `jsonpath={.status.${path}}`])).stdout;

async function certificate(): Promise<void> {
  const ca = await createRoot({ commonName: 'test' });
  const leaf = await issueLeaf(ca, { commonName: 'hello.example', dnsNames: ['hello.example'], seconds: 86_400 });
  const data = { 'tls.crt': leaf.certPem, 'tls.key': leaf.keyPem };
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  await apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'hello-cert', namespace: 'gate' },
      type: 'kubernetes.io/tls',
      data: Object.fromEntries(encoded),
    }),
  );
}

beforeAll(async () => {
  await east(['create', 'namespace', 'gate']);
  await apply(planted);
  const wait = ['-n', 'gate', 'wait', '--for=condition=Programmed', `${gateways}/front`, '--timeout=90s'];
  const { code, stderr } = await east(wait);
  expect(code, stderr).toBe(0);
  address = await condition(gateways, 'gate', 'front', 'addresses[0].value');
});

afterAll(async () => {
  await east(['-n', 'sample', 'delete', 'httproute', '--all']);
  await east(['delete', 'namespace', 'gate', '--wait=true', '--timeout=60s']);
});

describe('a Gateway', () => {
  it('is deployed, and its routes lead to the pods of both clusters', async () => {
    await until(
      'a first answer',
      () => ask('/hello'),
      (answer) => statusOf(answer) === 200,
    );
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/hello')));
    const versions = new Set(answers.map((one) => /version: (v\d)/.exec(one)?.[1]));
    expect([...versions].sort()).toEqual(['v1', 'v2']);
    expect(answers[0]).toMatch(/x-route: whole/);
  });

  it('takes the most specific rule first, ends prefixes with a segment, rewrites and redirects', async () => {
    expect(await ask('/hello', '-H', 'x-exact: yes')).toMatch(/x-route: exact/);
    expect(await ask('/api/hello')).toMatch(/version: v/);
    expect(await ask('/old/x')).toMatch(/^HTTP\/1.1 302[\s\S]*location: http:\/\/hello.example\/hello\/x/);
    expect(statusOf(await ask('/hellox'))).toBe(404);
    expect(statusOf(await ask('/missing'))).toBe(500);
  });

  it('says of each route what became of it', async () => {
    const resolved = await condition(
      'httproute',
      'sample',
      'hello',
      'parents[0].conditions[?(@.type=="ResolvedRefs")].reason',
    );
    expect(resolved).toBe('BackendNotFound');
    const accepted = await condition(
      'httproute',
      'gate',
      'stranger',
      'parents[0].conditions[?(@.type=="Accepted")].reason',
    );
    expect(accepted).toBe('NotAllowedByListeners');
    expect(await condition(gateways, 'gate', 'front', 'listeners[?(@.name=="http")].attachedRoutes')).toBe('2');
    expect(statusOf(await curl('-H', 'Host: stranger.example', `http://${address}/`))).toBe(404);
  });

  it('serves HTTPS as soon as its certificate is there', async () => {
    const secured = () => curl('-k', '--resolve', `hello.example:443:${address}`, 'https://hello.example/hello');
    expect(statusOf(await secured())).toBe(0);
    await certificate();
    await until('an answer by HTTPS', secured, (answer) => statusOf(answer) === 200);
  });

  it('takes its Deployment, Service and address with it', async () => {
    await east(['-n', 'gate', 'delete', gateways, 'front']);
    await until(
      'nothing left',
      async () => (await east(['-n', 'gate', 'get', 'deploy,svc,pod', '-o', 'name'])).stdout,
      (left) => left.trim() === '',
    );
    expect(await condition('httproute', 'sample', 'hello', 'parents[*].controllerName')).toBe('');
  });
});

it('a route of a Service holds for its callers in the mesh, by weights', async () => {
  await apply(`apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: split, namespace: sample}
spec:
  parentRefs: [{group: "", kind: Service, name: helloworld, port: 5000}]
  rules:
    - filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: x-route, value: mesh}]}}]
      backendRefs: [{name: helloworld, port: 5000, weight: 1}, {name: nobody, port: 80, weight: 1}]
`);
  const url = 'http://helloworld.sample:5000/hello';
  await until(
    'the route',
    () => curl(url),
    (answer) => /x-route: mesh/.test(answer),
  );
  const command = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}\n', `${url}?[1-60]`];
  const { stdout } = await east(['-n', 'sample', 'exec', 'deploy/curl', '-c', 'curl', '--', ...command]);
  const statuses = stdout.trim().split('\n');
  expect(new Set(statuses)).toEqual(new Set(['200', '500']));
});
