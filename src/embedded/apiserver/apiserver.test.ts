import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../../../test/support/api-server.ts';
import { Informer, isGone, type KubeObject, kinds } from '../../kube/index.ts';
import { issueLeaf } from '../../pki/index.ts';
import { tryRun } from '../../process/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-apiserver-'));
const kubeconfig = join(folder, 'kubeconfig');
let server: TestApiServer;

beforeAll(async () => {
  server = await startTestApiServer({ folder });
  writeFileSync(kubeconfig, server.kubeconfig, { mode: 0o600 });
  await server.client.create(kinds.ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const configMap = (name: string, data: Record<string, string> = {}, more: object = {}): KubeObject => ({
  metadata: { name, namespace: 'default', ...more },
  data,
});
const kubectl = (args: string[], input?: string) =>
  tryRun('kubectl', ['--kubeconfig', kubeconfig, ...args], input === undefined ? {} : { input });
const failure = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.unreachable('it was accepted'),
    (error) => error,
  );

describe('objects', () => {
  it('are refused when they were changed meanwhile', async () => {
    const made = await server.client.create(kinds.ConfigMap, configMap('conflict'));
    await server.client.replace(kinds.ConfigMap, { ...made, data: { a: '1' } });
    expect(await failure(server.client.replace(kinds.ConfigMap, { ...made, data: { a: '2' } }))).toMatchObject({
      status: 409,
      reason: 'Conflict',
    });
  });

  it('keep their version when a write changes nothing', async () => {
    const made = await server.client.create(kinds.ConfigMap, configMap('same', { a: '1' }));
    const again = await server.client.replace(kinds.ConfigMap, made);
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  it('wait for their finalizers', async () => {
    await server.client.create(kinds.ConfigMap, configMap('finalized', {}, { finalizers: ['example.com/wait'] }));
    await server.client.delete(kinds.ConfigMap, 'finalized', 'default');
    expect((await server.client.get(kinds.ConfigMap, 'finalized', 'default')).metadata.deletionTimestamp).toBeDefined();
    await server.client.patch(
      kinds.ConfigMap,
      'finalized',
      'default',
      { metadata: { finalizers: null } },
      { type: 'merge' },
    );
    expect(await server.client.find(kinds.ConfigMap, 'finalized', 'default')).toBeUndefined();
  });

  it('are listed page by page, and chosen by labels and fields', async () => {
    for (const name of ['p1', 'p2', 'p3'])
      await server.client.create(
        kinds.ConfigMap,
        configMap(name, {}, { labels: { page: 'yes', odd: String(name !== 'p2') } }),
      );
    const first = await server.client.request('GET', '/api/v1/namespaces/default/configmaps', {
      query: { limit: 2, labelSelector: 'page=yes' },
    });
    const rest = await server.client.request('GET', '/api/v1/namespaces/default/configmaps', {
      query: { limit: 2, labelSelector: 'page=yes', continue: first.metadata.continue },
    });
    expect([...first.items, ...rest.items].map((one: any) => one.metadata.name)).toEqual(['p1', 'p2', 'p3']);
    expect(
      (await server.client.list(kinds.ConfigMap, { labelSelector: 'page in (yes),odd!=true' })).items.map(
        (one) => one.metadata.name,
      ),
    ).toEqual(['p2']);
    expect((await server.client.list(kinds.ConfigMap, { fieldSelector: 'metadata.name=p3' })).items).toHaveLength(1);
    expect(await failure(server.client.list(kinds.ConfigMap, { fieldSelector: 'spec.nothing=1' }))).toMatchObject({
      status: 400,
    });
  });

  it('are not stored by a dry run', async () => {
    await server.client.create(kinds.ConfigMap, configMap('dry'), { dryRun: true });
    expect(await server.client.find(kinds.ConfigMap, 'dry', 'default')).toBeUndefined();
  });

  it('get addresses once, as Services', async () => {
    const service = (name: string, spec: object = {}): KubeObject => ({
      metadata: { name, namespace: 'default' },
      spec: { ports: [{ port: 80 }], ...spec },
    });
    const one = await server.client.create(kinds.Service, service('one'));
    const two = await server.client.create(kinds.Service, service('two'));
    expect(one['spec'].clusterIP).not.toBe(two['spec'].clusterIP);
    expect(
      await failure(server.client.create(kinds.Service, service('three', { clusterIP: one['spec'].clusterIP }))),
    ).toMatchObject({ status: 422 });
  });
});

describe('watches', () => {
  it('resume where they ended', async () => {
    const { resourceVersion } = await server.client.list(kinds.ConfigMap, { namespace: 'default' });
    await server.client.create(kinds.ConfigMap, configMap('watched'));
    const abort = new AbortController();
    for await (const event of server.client.watch(kinds.ConfigMap, {
      namespace: 'default',
      resourceVersion,
      signal: abort.signal,
    })) {
      expect(event).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'watched' } } });
      break;
    }
    abort.abort();
  });

  it('see objects come into a selection and leave it', async () => {
    const informer = new Informer(server.client, kinds.ConfigMap, { labelSelector: 'chosen=yes' }).start();
    await informer.synced;
    const seen: string[] = [];
    const changed = () => new Promise<void>((resolve) => informer.on(() => resolve()));
    informer.on(({ type }) => seen.push(type));
    let next = changed();
    await server.client.create(kinds.ConfigMap, configMap('moving', {}, { labels: { chosen: 'yes' } }));
    await next;
    next = new Promise<void>((resolve) => informer.on(({ type }) => type === 'deleted' && resolve()));
    await server.client.patch(
      kinds.ConfigMap,
      'moving',
      'default',
      { metadata: { labels: { chosen: 'no' } } },
      { type: 'merge' },
    );
    await next;
    expect(seen).toEqual(['added', 'deleted']);
    await informer.stop();
  });

  it('are told to list again when the version is older than the server remembers', async () => {
    const place = mkdtempSync(join(folder, 'restarted-'));
    const before = await startTestApiServer({ folder: place });
    const { resourceVersion } = (await before.client.list(kinds.ConfigMap)) as { resourceVersion: string };
    await before.client.create(kinds.ConfigMap, configMap('later'));
    await before.stop();
    const after = await startTestApiServer({ folder: place, from: before });
    expect(isGone(await failure(after.client.watch(kinds.ConfigMap, { resourceVersion }).next()))).toBe(true);
    expect(await after.client.find(kinds.ConfigMap, 'later', 'default')).toBeDefined();
    await after.stop();
  });
});

describe('rights', () => {
  it('are refused in the words of Kubernetes, and given by a role', async () => {
    const user = await server.clientFor('jane', ['developers']);
    expect((await failure(user.list(kinds.Secret, { namespace: 'default' }))).what).toBe(
      'secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "default"',
    );
    await server.client.create(kinds.Role, {
      metadata: { name: 'reader', namespace: 'default' },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }],
    });
    await server.client.create(kinds.RoleBinding, {
      metadata: { name: 'reader', namespace: 'default' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'Group', name: 'developers', apiGroup: 'rbac.authorization.k8s.io' }],
    });
    expect((await user.list(kinds.Secret, { namespace: 'default' })).items).toEqual([]);
    expect(await failure(user.list(kinds.Secret))).toMatchObject({ status: 403 });
  });

  it('belong to tokens for their audience, until their object is gone', async () => {
    const { client } = server;
    await client.create(kinds.Secret, { metadata: { name: 'bound', namespace: 'default' } });
    const spec = {
      audiences: ['istio-ca'],
      expirationSeconds: 600,
      boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'bound' },
    };
    const { status } = await client.request('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
    });
    const review = async (audiences: string[]): Promise<any> =>
      (await client.create<KubeObject>(kinds.TokenReview, { metadata: {}, spec: { token: status.token, audiences } }))[
        'status'
      ];
    expect(await review(['istio-ca'])).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:default:default' },
    });
    expect((await review(['other'])).authenticated).toBeUndefined();
    await client.delete(kinds.Secret, 'bound', 'default');
    expect((await review(['istio-ca'])).authenticated).toBeUndefined();
  });
});

describe('webhooks', () => {
  it('change objects, and their failure is told', async () => {
    const certificate = await issueLeaf(server.ca, { dnsNames: ['localhost'], seconds: 600 });
    const hook = createServer({ cert: certificate.certPem, key: certificate.keyPem }, async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { uid } = JSON.parse(Buffer.concat(chunks).toString()).request;
      const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/data', value: { by: 'webhook' } }])).toString(
        'base64',
      );
      response.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid, allowed: true, patchType: 'JSONPatch', patch },
        }),
      );
    });
    await once(hook.listen(0, '127.0.0.1'), 'listening');
    const configuration = {
      metadata: { name: 'hook' },
      webhooks: [
        {
          name: 'hook.example.com',
          clientConfig: {
            url: `https://localhost:${(hook.address() as AddressInfo).port}/`,
            caBundle: Buffer.from(server.ca.certPem).toString('base64'),
          },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
          objectSelector: { matchLabels: { hooked: 'yes' } },
        },
      ],
    };
    await server.client.create(kinds.MutatingWebhookConfiguration, configuration);
    const labels = { hooked: 'yes' };
    expect((await server.client.create(kinds.ConfigMap, configMap('hooked', {}, { labels })))['data']).toEqual({
      by: 'webhook',
    });
    expect((await server.client.create(kinds.ConfigMap, configMap('unhooked')))['data']).toEqual({});
    hook.close();
    hook.closeAllConnections();
    expect((await failure(server.client.create(kinds.ConfigMap, configMap('late', {}, { labels })))).what).toContain(
      'failed calling webhook "hook.example.com"',
    );
    await server.client.delete(kinds.MutatingWebhookConfiguration, 'hook');
  });
});

describe('kubectl', () => {
  it('applies, changes and deletes custom resources of Istio', async () => {
    const definitions = JSON.parse(
      gunzipSync(readFileSync(new URL('../../mesh/generated/istio-crds.json.gz', import.meta.url))).toString(),
    );
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: definitions });
    expect((await kubectl(['apply', '--server-side', '-f', '-'], list)).stderr).toBe('');
    expect((await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=10s'])).code).toBe(0);
    const gateway = (hosts: string[]) =>
      JSON.stringify({
        apiVersion: 'networking.istio.io/v1',
        kind: 'Gateway',
        metadata: { name: 'g', namespace: 'default' },
        spec: { servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts }] },
      });
    expect((await kubectl(['apply', '-f', '-'], gateway(['a']))).stdout).toContain('created');
    expect((await kubectl(['apply', '-f', '-'], gateway(['b']))).stdout).toContain('configured');
    expect((await kubectl(['apply', '-f', '-'], gateway(['b']))).stdout).toContain('unchanged');
    expect((await kubectl(['apply', '-f', '-'], gateway(['b']).replace('servers', 'severs'))).stderr).toContain(
      'unknown field "spec.severs"',
    );
    expect(
      (await kubectl(['get', 'gateways.networking.istio.io', 'g', '-o', 'jsonpath={.spec.servers[0].hosts[0]}']))
        .stdout,
    ).toBe('b');
    expect((await kubectl(['delete', 'gateways.networking.istio.io', 'g'])).code).toBe(0);
  });

  it('creates objects that it sends as protocol buffers', async () => {
    const create = async (...args: string[]) => expect((await kubectl(['create', ...args])).stderr).toBe('');
    await create('deployment', 'typed', '--image=nginx:1', '--replicas=0', '--port=80');
    await create('configmap', 'typed', '--from-literal=a=b');
    await create('secret', 'generic', 'typed', '--from-literal=a=b');
    await create('service', 'clusterip', 'typed', '--tcp=80:http');
    await create('role', 'typed', '--verb=get', '--resource=pods');
    const deployment = await server.client.get<KubeObject>(kinds.Deployment, 'typed', 'default');
    expect(deployment['spec']).toMatchObject({ replicas: 0, strategy: { rollingUpdate: { maxSurge: '25%' } } });
    expect(deployment['spec'].template.spec.containers[0]).toMatchObject({
      image: 'nginx:1',
      ports: [{ containerPort: 80, protocol: 'TCP' }],
    });
    expect((await server.client.get<KubeObject>(kinds.Service, 'typed', 'default'))['spec'].ports[0]).toMatchObject({
      port: 80,
      targetPort: 'http',
    });
    expect((await server.client.get<KubeObject>(kinds.Secret, 'typed', 'default'))['data']).toEqual({
      a: Buffer.from('b').toString('base64'),
    });
    expect((await kubectl(['auth', 'can-i', 'create', 'pods'])).stdout.trim()).toBe('yes');
  });

  it('labels, patches and shows as on any cluster', async () => {
    await server.client.create(kinds.ConfigMap, configMap('shown', { a: '1' }));
    expect((await kubectl(['label', 'cm', 'shown', 'x=y'])).stdout).toContain('labeled');
    expect(
      (await kubectl(['patch', 'cm', 'shown', '--type=json', '-p', '[{"op":"replace","path":"/data/a","value":"2"}]']))
        .code,
    ).toBe(0);
    expect((await kubectl(['get', 'cm', 'shown', '--show-labels'])).stdout).toMatch(/shown\s+1\s+\S+\s+x=y/);
    expect((await kubectl(['get', 'cm', 'nothing'])).stderr).toContain('configmaps "nothing" not found');
  });
});

describe('bad input', () => {
  it.each([
    ['no JSON', '{"a":', 400],
    ['a list', '[]', 400],
    ['another kind', '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}', 400],
    ['a wrong type', '{"metadata":{"name":"x"},"data":7}', 400],
    ['no name', '{"metadata":{}}', 422],
  ])('that is %s is refused with a Status', async (_, body, status) => {
    expect(
      await failure(server.client.request('POST', '/api/v1/namespaces/default/configmaps', { body })),
    ).toMatchObject({ status, body: { kind: 'Status' } });
  });

  it('that is too large is refused', async () => {
    const body = JSON.stringify(configMap('large', { a: 'x'.repeat(4 * 1024 * 1024) }));
    expect(
      await failure(server.client.request('POST', '/api/v1/namespaces/default/configmaps', { body })),
    ).toMatchObject({ status: 413 });
  });

  it('to a path that does not exist is not found', async () => {
    expect(await failure(server.client.request('GET', '/apis/none/v1/things'))).toMatchObject({ status: 404 });
  });
});

it('keeps what it has acknowledged when it is killed', async () => {
  const place = mkdtempSync(join(folder, 'killed-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../scripts/dev-apiserver.ts')], {
    env: { ...process.env, TMPDIR: place },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const path = String((await once(child.stdout, 'data'))[0]).trim();
  const { KubeClient, loadKubeconfig } = await import('../../kube/index.ts');
  await using client = new KubeClient(loadKubeconfig(path));
  await client.create(kinds.Namespace, { metadata: { name: 'kept' } });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const { Storage } = await import('./storage.ts');
  const storage = new Storage(join(path, '../dev.db'));
  expect(storage.get('/namespaces', undefined, 'kept')?.object.metadata.name).toBe('kept');
  storage.close();
});
