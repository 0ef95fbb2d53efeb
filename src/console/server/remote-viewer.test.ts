/** A cluster that only a remote secret leads to is not shown anybody's token. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlantedApi } from '../../../test/support/planted-api.ts';
import { type PlantedObserved, plantObserved } from '../../../test/support/planted-observed.ts';
import type { ClusterModel } from '../../observe/index.ts';
import { createRoot, issueLeaf } from '../../pki/index.ts';
import { Authenticator } from './auth.ts';
import { TokenViewer } from './viewer.ts';

let planted: PlantedObserved;
let north: PlantedApi;
let cluster: ClusterModel;
let asked: { headers: IncomingHttpHeaders; review: any }[];
let mayReadSecret: boolean;
let server: Server;

/** Reviews of access are asked at the address itself. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const review = JSON.parse(body);
  asked.push({ headers: request.headers, review });
  const allowed = mayReadSecret && review.spec.resourceAttributes.resource === 'secrets';
  response
    .writeHead(201, { 'content-type': 'application/json' })
    .end(JSON.stringify({ ...review, status: { allowed } }));
}

beforeEach(async () => {
  planted = await plantObserved();
  asked = [];
  mayReadSecret = true;
  const root = await createRoot({ commonName: 'kubernetes' });
  const leaf = await issueLeaf(root, { ipAddresses: ['127.0.0.1'], seconds: 3600 });
  server = createServer({ cert: leaf.certPem, key: leaf.keyPem }, (...exchange) => void answer(...exchange));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const reached = { server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: root.certPem };
  Object.assign(planted.east.connection, reached);
  planted.west.connection.server = 'https://127.0.0.1:1';
  north = new PlantedApi('north');
  Object.assign(north.connection, reached);
  north.tokens.add('token-of-ada');
  const by = { cluster: 'east', namespace: 'istio-system', name: 'remote' };
  const source = { name: 'north', connection: { server: reached.server }, by };
  planted.observer.model.followRemote([source], () => north.client());
  cluster = planted.observer.model.cluster('north')!;
  await planted.settle();
});
afterEach(async () => {
  await planted[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test.each([true, false])('it is seen by who may read the secret: %s', async (may) => {
  mayReadSecret = may;
  const viewer = new TokenViewer(planted.observer, 'token-of-ada', 'ada');
  await viewer.prepare();
  expect(viewer.canSee({ cluster: 'north', namespace: 'any' })).toBe(may);
  expect(await viewer.may(cluster, { verb: 'update', resource: 'pods' })).toBe(false);
  const attributes = asked.map(({ review }) => review.spec.resourceAttributes);
  expect(attributes).toContainEqual({
    group: '',
    verb: 'get',
    resource: 'secrets',
    namespace: 'istio-system',
    name: 'remote',
  });
  asked = [];
  await viewer.clientFor(cluster).request('POST', '/any', { body: { spec: { resourceAttributes: {} } } });
  expect(asked[0]!.headers.authorization).toBeUndefined();
  await viewer.close();
});

test('it is not asked who somebody is', async () => {
  const auth = new Authenticator(planted.observer, 'token');
  const request = { headers: { authorization: 'Bearer token-of-ada' } } as never;
  await expect(auth.viewerOf(request)).rejects.toMatchObject({ status: 401 });
  planted.west.tokens.add('token-of-ada');
  await expect(auth.viewerOf(request)).resolves.toMatchObject({ username: 'somebody' });
  await auth.close();
});
