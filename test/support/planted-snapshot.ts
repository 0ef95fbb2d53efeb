/** A mesh of one workload, `web` in `ns`, for tests of policies: its snapshot with the objects that the test plants, and its proxy. */
import { stringify } from 'yaml';
import type { MeshProxy, MeshSnapshot } from '../../src/embedded/istiod/model.ts';
import type { KubeObject } from '../../src/kube/index.ts';
import { plantedEndpoint, plantedMesh, plantedService, plantedProxy as proxyOf } from './istiod.ts';

export function plantedSnapshot(objects: KubeObject[], meshConfig: object = {}): MeshSnapshot {
  const service = plantedService('web.ns', ['http:80', 'tcp:81'], { defaultAddress: '10.96.0.1' });
  const endpoints = [
    plantedEndpoint(service, '10.0.0.1', { portName: 'http', port: 8080 }),
    plantedEndpoint(service, '10.0.0.1', { portName: 'tcp', port: 8081 }),
  ];
  const mesh = stringify({ defaultProviders: { metrics: ['prometheus'] }, ...meshConfig });
  const snapshot = plantedMesh([{ service, endpoints }], '', mesh);
  return { ...snapshot, config: Map.groupBy(objects, (one) => one.kind as never) };
}

export const plantedProxy = (more: Partial<MeshProxy> = {}): MeshProxy =>
  proxyOf('web-1.ns', {
    address: '10.0.0.1',
    labels: { app: 'web' },
    serviceAccount: 'web',
    metadata: { ISTIO_VERSION: '1.29.2', CLUSTER_ID: 'east' },
    ...more,
  });

let age = 0;

/** An object of Istio's configuration; each is younger than the one before. */
export const planted = (kind: string, name: string, spec: object, more: Record<string, unknown> = {}): KubeObject => ({
  kind,
  metadata: {
    name,
    namespace: 'ns',
    creationTimestamp: new Date(1_700_000_000_000 + age++ * 1000).toISOString(),
    ...more,
  },
  spec,
});
