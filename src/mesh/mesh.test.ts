import { describe, expect, it } from 'vitest';
import { defaultMesh } from '../spec/index.ts';
import { parts } from './parts/index.ts';
import { prometheusConfig } from './parts/telemetry.ts';
import { injectorWebhook } from './parts/webhooks.ts';
import { whyNotAvailable } from './predicates.ts';

const mesh = defaultMesh();
const [east, west] = mesh.clusters as [(typeof mesh.clusters)[0], (typeof mesh.clusters)[0]];

describe('the parts', () => {
  it('have names of their own and need only parts that are there', () => {
    const names = parts.map((part) => part.name);
    expect(new Set(names).size).toBe(names.length);
    for (const part of parts)
      for (const cluster of mesh.clusters)
        for (const need of part.needs(mesh, cluster)) {
          expect(names).toContain(need.part);
          expect(mesh.clusters.map((one) => one.name)).toContain(need.cluster);
        }
  });

  it('need each other in no circle', () => {
    const visit = (part: string, cluster: string, path: string[]): void => {
      const key = `${part}/${cluster}`;
      expect(path, key).not.toContain(key);
      const found = parts.find((one) => one.name === part)!;
      const where = mesh.clusters.find((one) => one.name === cluster)!;
      if (found.applies(mesh, where))
        for (const need of found.needs(mesh, where)) visit(need.part, need.cluster, [...path, key]);
    };
    for (const part of parts) for (const cluster of mesh.clusters) visit(part.name, cluster.name, []);
  });
});

it('injects by the four webhooks of the default revision, whose caBundle is left to istiod', () => {
  const { webhooks } = injectorWebhook('/inject/cluster/west/net/network2') as any;
  expect(webhooks.map((one: any) => one.name)).toEqual(
    ['rev.namespace.', 'rev.object.', 'namespace.', 'object.'].map((name) => `${name}sidecar-injector.istio.io`),
  );
  for (const { clientConfig } of webhooks) {
    expect(clientConfig.service.path).toBe('/inject/cluster/west/net/network2');
    expect(clientConfig).not.toHaveProperty('caBundle');
  }
});

describe('the configuration of Prometheus', () => {
  it('labels local series with their cluster, and federates with the labels of the origin', () => {
    const config: any = prometheusConfig({ mesh, cluster: east }, [{ remote: 'west', address: '192.168.49.31' }]);
    const [local, federated] = config.scrape_configs;
    expect(local.relabel_configs).toContainEqual({ target_label: 'cluster', replacement: 'east' });
    expect(federated).toMatchObject({
      job_name: 'federate-west',
      honor_labels: true,
      static_configs: [{ targets: ['192.168.49.31:9090'] }],
    });
  });

  it('of a remote federates nobody', () => {
    expect((prometheusConfig({ mesh, cluster: west }, []) as any).scrape_configs).toHaveLength(1);
  });
});

it('says what a Deployment lacks', () => {
  const deployment = (status: object): any => ({
    metadata: { name: 'd', namespace: 'n', generation: 2 },
    spec: { replicas: 2 },
    status,
  });
  expect(whyNotAvailable(undefined)).toContain('does not exist');
  expect(whyNotAvailable(deployment({ observedGeneration: 1 }))).toContain('not been seen');
  expect(whyNotAvailable(deployment({ observedGeneration: 2, updatedReplicas: 1 }))).toBe(
    'Deployment n/d: 1 of 2 pods are of the newest template',
  );
  expect(whyNotAvailable(deployment({ observedGeneration: 2, updatedReplicas: 2, availableReplicas: 1 }))).toBe(
    'Deployment n/d: 1 of 2 pods are ready',
  );
  expect(
    whyNotAvailable(deployment({ observedGeneration: 2, updatedReplicas: 2, availableReplicas: 2 })),
  ).toBeUndefined();
});
