import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRoot, issueLeaf } from '../pki/index.ts';
import { KubeClient } from './client.ts';

let server: Server;
let client: KubeClient;
let asked: string[] = [];

beforeAll(async () => {
  const root = await createRoot({ commonName: 'test' });
  const leaf = await issueLeaf(root, { commonName: 'server', ipAddresses: ['127.0.0.1'], seconds: 600 });
  server = createServer({ cert: leaf.certPem, key: leaf.keyPem }, (request, response) => {
    asked.push(request.url ?? '');
    const json = { 'content-type': 'application/json' };
    if (request.url === '/later' && asked.length < 3)
      response.writeHead(429, { ...json, 'retry-after': '0' }).end('{"message":"storage is (re)initializing"}');
    else if (request.url === '/never') return;
    else if (request.url === '/refused') response.writeHead(429, json).end('{"message":"no"}');
    else response.writeHead(200, json).end('{"ok":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  client = new KubeClient({ server: `https://127.0.0.1:${port}`, ca: root.certPem });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  server.close();
});

test('a server that says when to ask again is asked again', async () => {
  asked = [];
  expect(await client.request('GET', '/later')).toEqual({ ok: true });
  expect(asked).toEqual(['/later', '/later', '/later']);
});

test('one that refuses without saying so is not', async () => {
  asked = [];
  await expect(client.request('GET', '/refused')).rejects.toMatchObject({ status: 429 });
  expect(asked).toHaveLength(1);
});

test('an answer that never comes is not waited for, and the next request goes on', async () => {
  await expect(client.request('GET', '/never', { answerWithinMs: 50 })).rejects.toMatchObject({
    code: 'kube.unreachable',
    why: 'nothing came within 0.05 s',
  });
  expect(await client.request('GET', '/well')).toEqual({ ok: true });
});
