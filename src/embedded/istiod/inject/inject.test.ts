import { describe, expect, it } from 'vitest';
import { type InjectionSettings, inject, parseInjectPath, skipReason } from './index.ts';

const settings: InjectionSettings = {
  revision: 'default',
  clusterId: 'east',
  network: 'network1',
  meshId: 'mesh1',
  trustDomain: 'cluster.local',
  proxyImage: 'docker.io/istio/proxyv2:1.31.0',
  discoveryAddress: 'istiod.istio-system.svc:15012',
  domain: 'cluster.local',
  nativeSidecars: true,
  proxyConfigs: [],
  rootNamespace: 'istio-system',
  proxyConfig: {},
};

const pod = (metadata: object = {}, spec: object = {}) => ({
  metadata: { generateName: 'web-abc-', labels: { app: 'web' }, ...metadata },
  spec: {
    containers: [
      {
        name: 'main',
        image: 'web',
        readinessProbe: { httpGet: { path: '/ok', port: 'http' } },
        ports: [{ name: 'http', containerPort: 8080 }],
      },
    ],
    ...spec,
  },
});

function injected(object: any, path = '/inject', more: Partial<InjectionSettings> = {}): any {
  const review = { apiVersion: 'admission.k8s.io/v1', request: { uid: 'u', namespace: 'sample', object } };
  const { response } = inject(review, path, { ...settings, ...more });
  expect(response).toMatchObject({ uid: 'u', allowed: true });
  if (!response.patch) return undefined;
  const result = structuredClone(object);
  for (const { path: where, value } of JSON.parse(Buffer.from(response.patch, 'base64').toString()))
    result[where.slice(1)] = value;
  return result;
}

const env = (container: any, name: string) => container.env.find((one: any) => one.name === name)?.value;

describe('the path of the webhook', () => {
  it('names cluster and network in any order, and drops an odd last key', () => {
    expect(parseInjectPath('/inject/net/network2/cluster/west')).toEqual({ cluster: 'west', net: 'network2', env: {} });
    expect(parseInjectPath('/inject/foo/a--slash--b/odd')).toEqual({ env: { FOO: 'a/b' } });
  });

  it('decides of which cluster and network the proxy says it is', () => {
    const result = injected(pod(), '/inject/cluster/west/net/network2');
    const proxy = result.spec.initContainers.find((one: any) => one.name === 'istio-proxy');
    expect(env(proxy, 'ISTIO_META_CLUSTER_ID')).toBe('west');
    expect(env(proxy, 'ISTIO_META_NETWORK')).toBe('network2');
    expect(result.metadata.labels['topology.istio.io/network']).toBe('network2');
  });

  it('gives way to the label of the pod', () => {
    const result = injected(pod({ labels: { 'topology.istio.io/network': 'own' } }), '/inject/net/network2');
    expect(env(result.spec.initContainers[1], 'ISTIO_META_NETWORK')).toBe('own');
  });
});

describe('a sidecar', () => {
  it('is an init container that keeps running where Kubernetes has such', () => {
    const result = injected(pod());
    expect(result.spec.initContainers.map((one: any) => [one.name, one.restartPolicy])).toEqual([
      ['istio-init', undefined],
      ['istio-proxy', 'Always'],
    ]);
    expect(result.metadata.labels['security.istio.io/tlsMode']).toBe('istio');
  });

  it('is an ordinary container elsewhere', () => {
    const result = injected(pod(), '/inject', { nativeSidecars: false });
    expect(result.spec.containers.map((one: any) => one.name)).toEqual(['istio-proxy', 'main']);
  });

  it('takes over the HTTP probes of the application', () => {
    const result = injected(pod());
    expect(result.spec.containers[0].readinessProbe.httpGet).toEqual({
      path: '/app-health/main/readyz',
      port: 15_020,
      scheme: 'HTTP',
    });
    const probers = JSON.parse(env(result.spec.initContainers[1], 'ISTIO_KUBE_APP_PROBERS'));
    expect(probers['/app-health/main/readyz'].httpGet).toEqual({ path: '/ok', port: 8080 });
  });

  it.each([
    ['a label', { labels: { 'sidecar.istio.io/inject': 'false' } }, {}],
    ['an annotation', { annotations: { 'sidecar.istio.io/inject': 'false' } }, {}],
    ['the network of the host', {}, { hostNetwork: true }],
  ])('is not added against %s', (_, metadata, spec) => {
    expect(injected(pod(metadata, spec))).toBeUndefined();
  });

  it('is added when the label wants it and the annotation does not', () => {
    expect(
      skipReason(
        pod({
          labels: { 'sidecar.istio.io/inject': 'true' },
          annotations: { 'sidecar.istio.io/inject': 'false' },
        }) as never,
        'sample',
      ),
    ).toBeUndefined();
  });
});

describe('a gateway', () => {
  it('becomes a router in its own container', () => {
    const gateway = pod(
      { annotations: { 'inject.istio.io/templates': 'gateway' } },
      {
        containers: [
          {
            name: 'istio-proxy',
            image: 'auto',
            env: [{ name: 'ISTIO_META_REQUESTED_NETWORK_VIEW', value: 'network1' }],
          },
        ],
      },
    );
    const [container] = injected(gateway).spec.containers;
    expect(container.image).toBe(settings.proxyImage);
    expect(container.args.slice(0, 2)).toEqual(['proxy', 'router']);
    expect(env(container, 'ISTIO_META_REQUESTED_NETWORK_VIEW')).toBe('network1');
  });
});

it('gives proxies the metadata of the mesh as environment, which is how the life of certificates is set', () => {
  const { spec } = injected(pod(), '/inject', { proxyConfig: { proxyMetadata: { SECRET_TTL: '300s' } } });
  const proxy = [...spec.initContainers, ...spec.containers].find((one: any) => one.name === 'istio-proxy');
  expect(env(proxy, 'SECRET_TTL')).toBe('300s');
});
