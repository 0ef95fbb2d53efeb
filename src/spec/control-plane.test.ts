/** What mesh.yaml says of control planes and providers. */
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Mesh } from './mesh.ts';
import { parseMesh } from './parse.ts';

const cluster = (provider?: unknown) => ({
  name: 'east',
  network: 'network1',
  role: 'primary',
  ...(provider === undefined ? {} : { provider }),
});
const text = (provider: unknown, spec: Record<string, unknown> = {}): string =>
  stringify({
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: 'm' },
    spec: { clusters: [cluster(provider)], ...spec },
  });

function meshOf(provider: unknown, spec?: Record<string, unknown>): Mesh {
  const result = parseMesh(text(provider, spec), '/somewhere/mesh.yaml', { exists: () => true });
  if ('mesh' in result) return result.mesh;
  throw new Error(result.problems.map((one) => one.message).join('; '));
}
const problemsOf = (provider: unknown, spec?: Record<string, unknown>): string[] => {
  const result = parseMesh(text(provider, spec), '/somewhere/mesh.yaml', { exists: () => true });
  return 'mesh' in result ? [] : result.problems.map((one) => one.message);
};
const existing = { existing: { context: 'c' } };
const pilot = { images: { 'docker.io/istio/pilot': { command: ['/bin/pilot-discovery'] } } };

test('embedded clusters have Isthmus’ own control plane, others Istio’s, if the file says nothing', () => {
  expect(meshOf(undefined).controlPlane).toMatchObject({ implementation: 'isthmus', istio: { upstreamEnvoy: true } });
  expect(meshOf(existing).controlPlane).toMatchObject({
    implementation: 'istio',
    istio: { installer: 'istioctl', program: 'istioctl', hub: 'docker.io/istio', upstreamEnvoy: false },
  });
});

test('one word says whose, and the long form says how', () => {
  expect(meshOf(existing, { controlPlane: 'isthmus' }).controlPlane.implementation).toBe('isthmus');
  const controlPlane = {
    installer: 'helm',
    program: './bin/helm',
    charts: './charts',
    version: '1.29.2',
    revision: '1-29',
    envoy: 'upstream',
    values: { pilot: { replicaCount: 2 } },
  };
  expect(meshOf(existing, { controlPlane }).controlPlane.istio).toEqual({
    installer: 'helm',
    program: '/somewhere/bin/helm',
    charts: '/somewhere/charts',
    version: '1.29.2',
    hub: 'docker.io/istio',
    revision: '1-29',
    upstreamEnvoy: true,
    values: { pilot: { replicaCount: 2 } },
  });
});

test('Istio’s control plane in embedded clusters needs a program for its image', () => {
  expect(problemsOf(undefined, { controlPlane: 'istio' })).toEqual([
    "embedded clusters cannot pull Istio's image, and no program stands for it",
  ]);
  expect(problemsOf(undefined, { controlPlane: 'istio', ...pilot })).toEqual([]);
});

test.each([
  ['a misspelt word', existing, { controlPlane: 'istoi' }, '"istoi" is not one of the choices'],
  ['a version that is none', existing, { controlPlane: { version: 'newest' } }, '"newest" is not a version of Istio'],
  [
    'a server that is no address',
    { existing: { context: 'c', internalServer: '10.0.0.1' } },
    {},
    'not an address of the form https://host:port',
  ],
  ['a size that is none', { minikube: { memory: 'much' } }, {}, '"much" is no size'],
])('%s is told', (_what, provider, spec, message) => {
  expect(problemsOf(provider, spec).join()).toContain(message);
});

test('minikube and kind have what the tutorial has, by a word alone', () => {
  expect(meshOf('minikube').clusters[0]!.provider).toEqual({
    type: 'minikube',
    profile: 'east',
    network: 'istio',
    memory: '8g',
    cpus: undefined,
    driver: undefined,
    kubernetesVersion: undefined,
  });
  expect(meshOf({ kind: { metallb: './metallb.yaml' } }).clusters[0]!.provider).toEqual({
    type: 'kind',
    clusterName: 'east',
    image: undefined,
    metallbManifest: '/somewhere/metallb.yaml',
  });
});
