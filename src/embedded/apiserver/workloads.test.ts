import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../../../test/support/api-server.ts';
import { type KubeObject, kinds, pathOf } from '../../kube/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-apiserver-workloads-'));
const namespace = 'default';
let server: TestApiServer;

beforeAll(async () => {
  server = await startTestApiServer({ folder });
  await server.client.create(kinds.ServiceAccount, { metadata: { name: 'default', namespace } });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const containers = [{ name: 'm', image: 'busybox' }];
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => expect.unreachable('it was accepted'),
    (error) => error.message,
  );

it('a Job gets the selector by which it knows its pods, and must say how they are restarted', async () => {
  const job = (name: string, spec: object): KubeObject => ({
    metadata: { name, namespace },
    spec: { template: { spec } },
  });
  const made = await server.client.create(kinds.Job, job('a', { restartPolicy: 'Never', containers }));
  const uid = made.metadata.uid!;
  expect(made['spec'].selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': uid } });
  expect(made['spec'].template.metadata.labels).toMatchObject({ 'job-name': 'a', 'controller-uid': uid });
  expect(await failure(server.client.create(kinds.Job, job('b', { containers })))).toContain(
    'valid values: "OnFailure", "Never"',
  );
  const change = { spec: { template: { spec: { containers: [{ name: 'm', image: 'alpine' }] } } } };
  expect(await failure(server.client.patch(kinds.Job, 'a', namespace, change, { type: 'merge' }))).toContain(
    'field is immutable',
  );
});

it('a StatefulSet may mount its claims, and keeps what may not change', async () => {
  const set: KubeObject = {
    metadata: { name: 'db', namespace },
    spec: {
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: {
        metadata: { labels: { app: 'db' } },
        spec: { containers: [{ ...containers[0], volumeMounts: [{ name: 'data', mountPath: '/d' }] }] },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  };
  await server.client.create(kinds.StatefulSet, set);
  const patch = (spec: object) => server.client.patch(kinds.StatefulSet, 'db', namespace, { spec }, { type: 'merge' });
  expect((await patch({ replicas: 3 }))['spec'].replicas).toBe(3);
  expect(await failure(patch({ serviceName: 'other' }))).toContain("fields other than 'replicas'");
});

it('a claim gets the default class', async () => {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const claim = (name: string, more: object) =>
    server.client.create<KubeObject>(kinds.PersistentVolumeClaim, {
      metadata: { name, namespace },
      spec: { ...spec, ...more },
    });
  expect((await claim('a', {}))['spec'].storageClassName).toBe('standard');
  expect((await claim('b', { storageClassName: '' }))['spec'].storageClassName).toBe('');
});

it('containers to debug a pod are added by their subresource only', async () => {
  const pod = await server.client.create(kinds.Pod, { metadata: { name: 'p', namespace }, spec: { containers } });
  const debuggers = { spec: { ephemeralContainers: [{ name: 'debugger', image: 'busybox' }] } };
  const patch = (subresource?: string) =>
    server.client.patch(kinds.Pod, 'p', namespace, debuggers, {
      type: 'strategic',
      ...(subresource ? { subresource } : {}),
    });
  expect((await patch())['spec'].ephemeralContainers).toBeUndefined();
  const debugged = await patch('ephemeralcontainers');
  expect(debugged['spec'].ephemeralContainers).toMatchObject([{ name: 'debugger', imagePullPolicy: 'Always' }]);
  expect(debugged['spec'].containers).toEqual(pod['spec'].containers);
});

it('an autoscaler is one object in both its versions', async () => {
  const v1 = { ...kinds.HorizontalPodAutoscaler, version: 'v1' };
  const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' }, maxReplicas: 3 };
  await server.client.create(v1, {
    metadata: { name: 'x', namespace },
    spec: { ...spec, targetCPUUtilizationPercentage: 70 },
  });
  const newer = await server.client.get(kinds.HorizontalPodAutoscaler, 'x', namespace);
  expect(newer['spec'].metrics).toEqual([
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
  ]);
  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
  };
  await server.client.replace(kinds.HorizontalPodAutoscaler, {
    ...newer,
    spec: { ...newer['spec'], metrics: [...newer['spec'].metrics, memory] },
  });
  const older = await server.client.get(v1, 'x', namespace);
  expect(older['spec']).toMatchObject({ targetCPUUtilizationPercentage: 70 });
  expect(older['spec'].metrics).toBeUndefined();
  expect(JSON.parse(older.metadata.annotations!['autoscaling.alpha.kubernetes.io/metrics']!)).toEqual([memory]);
});

it('a custom resource is scaled where its definition says', async () => {
  const numbers = {
    type: 'object',
    properties: { size: { type: 'integer' }, count: { type: 'integer' }, selector: { type: 'string' } },
  };
  await server.client.create(kinds.CustomResourceDefinition, {
    metadata: { name: 'rings.test.dev' },
    spec: {
      group: 'test.dev',
      scope: 'Namespaced',
      names: { plural: 'rings', kind: 'Ring' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: {
            scale: {
              specReplicasPath: '.spec.size',
              statusReplicasPath: '.status.count',
              labelSelectorPath: '.status.selector',
            },
          },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: numbers, status: numbers } } },
        },
      ],
    },
  });
  const rings = { group: 'test.dev', version: 'v1', kind: 'Ring', plural: 'rings', namespaced: true };
  await server.client.create(rings, {
    metadata: { name: 'r', namespace },
    spec: { size: 2 },
    status: { count: 1, selector: 'a=b' },
  } as KubeObject);
  const path = pathOf(rings, namespace, 'r', 'scale');
  const scale = await server.client.request('GET', path);
  expect([scale.spec, scale.status]).toEqual([{ replicas: 2 }, { replicas: 1, selector: 'a=b' }]);
  await server.client.request('PUT', path, { body: { ...scale, spec: { replicas: 5 } } });
  expect((await server.client.get(rings, 'r', namespace))['spec'].size).toBe(5);
  const patch = { body: { spec: { replicas: 4 } }, contentType: 'application/merge-patch+json' };
  expect((await server.client.request('PATCH', path, patch)).spec.replicas).toBe(4);
});

it('a webhook is asked only where its conditions hold', async () => {
  const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];
  await server.client.create(kinds.ValidatingWebhookConfiguration, {
    metadata: { name: 'conditional' },
    webhooks: [
      {
        name: 'never.answers.dev',
        // Nothing listens there: whoever is asked about is refused.
        clientConfig: { url: 'https://127.0.0.1:1/' },
        rules,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        matchConditions: [
          { name: 'marked', expression: "has(object.metadata.labels) && 'marked' in object.metadata.labels" },
        ],
      },
    ],
  });
  const create = (name: string, labels: Record<string, string>) =>
    server.client.create(kinds.ConfigMap, { metadata: { name, namespace, labels } });
  try {
    expect((await create('plain', {})).metadata.name).toBe('plain');
    expect(await failure(create('marked', { marked: 'yes' }))).toContain('failed calling webhook "never.answers.dev"');
  } finally {
    await server.client.delete(kinds.ValidatingWebhookConfiguration, 'conditional');
  }
});
