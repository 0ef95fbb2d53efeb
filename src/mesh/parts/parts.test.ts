/** What the parts put into clusters, against what Istio's own installer and samples put there. */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { defaultMesh, type Mesh } from '../../spec/index.ts';
import type { DesiredObject, PartContext } from '../part.ts';
import { parts } from './index.ts';
import { prometheusConfig } from './telemetry.ts';

const mesh = defaultMesh();
const [east, west] = mesh.clusters as [Mesh['clusters'][0], Mesh['clusters'][0]];
const gatewayAddress = '192.168.49.20';

/** Every object that is waited for is there, and has an address. */
const contextOf = (name: string, from: Mesh = mesh) =>
  ({
    mesh: from,
    cluster: from.clusters.find((one) => one.name === name),
    wait: { for: async () => ({ status: { loadBalancer: { ingress: [{ ip: gatewayAddress }] } } }) },
    client: { find: async () => undefined, list: async () => ({ items: [] }) },
    clientOf: () => ({}),
  }) as unknown as PartContext;

async function desired(part: string, cluster: string, from?: Mesh): Promise<DesiredObject[]> {
  const placed = await parts.find((one) => one.name === part)!.desired(contextOf(cluster, from));
  expect(placed.every((one) => one.cluster === cluster)).toBe(true);
  return placed.map((one) => one.object);
}

const pick = (objects: DesiredObject[], kind: string, name: string): any => {
  const found = objects.filter((one) => one.kind === kind && one.metadata.name === name);
  expect(found, `${kind} ${name}`).toHaveLength(1);
  return found[0];
};
const names = (objects: DesiredObject[]) => objects.map((one) => `${one.kind} ${one.metadata.name}`);

describe('the parts', () => {
  it('have names of their own and need only parts that are there', () => {
    const all = parts.map((part) => part.name);
    expect(new Set(all).size).toBe(all.length);
    for (const part of parts)
      for (const cluster of mesh.clusters)
        for (const need of part.needs(mesh, cluster)) {
          expect(all).toContain(need.part);
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

describe('namespaces', () => {
  it('say the network, and in a remote who controls it', async () => {
    const [ofEast] = await desired('namespaces', 'east');
    const [ofWest] = await desired('namespaces', 'west');
    expect(ofEast?.metadata).toEqual({ name: 'istio-system', labels: { 'topology.istio.io/network': 'network1' } });
    expect(ofWest?.metadata).toEqual({
      name: 'istio-system',
      labels: { 'topology.istio.io/network': 'network2' },
      annotations: { 'topology.istio.io/controlPlaneClusters': 'east' },
    });
  });
});

describe("the tutorial's load-balancer pools", () => {
  it('are one range for each cluster, which do not overlap', async () => {
    const config = async (cluster: string) =>
      parse(pick(await desired('load-balancer', cluster), 'ConfigMap', 'config').data.config);
    const pool = (addresses: string) => ({
      'address-pools': [{ name: 'default', protocol: 'layer2', addresses: [addresses] }],
    });
    expect(await config('east')).toEqual(pool('192.168.49.20-192.168.49.29'));
    expect(await config('west')).toEqual(pool('192.168.49.30-192.168.49.39'));
  });
});

describe('the control plane of the primary', () => {
  it('runs istiod as Istio runs it for other clusters too', async () => {
    const objects = await desired('control-plane', 'east');
    const { template } = pick(objects, 'Deployment', 'istiod').spec;
    const [container] = template.spec.containers;
    expect(container.image).toMatch(/^docker\.io\/istio\/pilot:/);
    expect(container.args[0]).toBe('discovery');
    const env = Object.fromEntries(container.env.map((one: any) => [one.name, one.value ?? one.valueFrom]));
    expect(env).toMatchObject({
      CLUSTER_ID: 'east',
      EXTERNAL_ISTIOD: 'true',
      REVISION: 'default',
      PILOT_CERT_PROVIDER: 'istiod',
    });
    const mounts = Object.fromEntries(container.volumeMounts.map((one: any) => [one.mountPath, one.name]));
    expect(mounts).toEqual({
      '/etc/istio/config': 'config-volume',
      '/var/lib/istio/inject': 'inject',
      '/etc/cacerts': 'cacerts',
    });
  });

  it('is no external control plane when it serves no other cluster', async () => {
    const alone = { ...mesh, clusters: [east] };
    const [container] = pick(await desired('control-plane', 'east', alone), 'Deployment', 'istiod').spec.template.spec
      .containers;
    expect(container.env.map((one: any) => one.name)).not.toContain('EXTERNAL_ISTIOD');
    expect(names(await desired('exposure', 'east', alone))).toEqual([]);
  });

  it('serves by the ports of Service istiod', async () => {
    const { spec } = pick(await desired('control-plane', 'east'), 'Service', 'istiod');
    expect(spec.ports.map((one: any) => `${one.name} ${one.port} ${one.targetPort}`)).toEqual([
      'grpc-xds 15010 15010',
      'https-dns 15012 15012',
      'https-webhook 443 15017',
      'http-monitoring 15014 15014',
    ]);
  });

  it('says the mesh in ConfigMap istio, and the values of injection in istio-sidecar-injector', async () => {
    const objects = await desired('control-plane', 'east');
    const config = parse(pick(objects, 'ConfigMap', 'istio').data.mesh);
    expect(config).toMatchObject({
      trustDomain: 'cluster.local',
      rootNamespace: 'istio-system',
      accessLogFile: '/dev/stdout',
      defaultConfig: { discoveryAddress: 'istiod.istio-system.svc:15012', meshId: 'mesh1' },
    });
    const { global } = JSON.parse(pick(objects, 'ConfigMap', 'istio-sidecar-injector').data.values);
    expect(global).toMatchObject({
      meshID: 'mesh1',
      network: 'network1',
      multiCluster: { clusterName: 'east' },
      externalIstiod: true,
    });
  });
});

describe('the control plane of a remote', () => {
  it('is a Service without selector that leads to the gateway of the primary', async () => {
    const objects = await desired('control-plane', 'west');
    expect(names(objects)).not.toContain('Deployment istiod');
    const { spec } = pick(objects, 'Service', 'istiod');
    expect(spec).not.toHaveProperty('selector');
    expect(spec.ports.map((one: any) => `${one.name} ${one.port} ${one.targetPort}`)).toEqual([
      'tcp-istiod 15012 15012',
      'tcp-webhook 443 15017',
    ]);
    const slice = pick(objects, 'EndpointSlice', 'istiod');
    expect(slice.metadata.labels['kubernetes.io/service-name']).toBe('istiod');
    expect(slice.endpoints[0].addresses).toEqual([gatewayAddress]);
  });

  it('injects by the four webhooks of the default revision, by a path that says cluster and network; caBundle is left to istiod', async () => {
    const { webhooks, metadata } = pick(
      await desired('control-plane', 'west'),
      'MutatingWebhookConfiguration',
      'istio-sidecar-injector',
    );
    expect(metadata.labels['istio.io/rev']).toBe('default');
    expect(webhooks.map((one: any) => one.name)).toEqual(
      ['rev.namespace.', 'rev.object.', 'namespace.', 'object.'].map((name) => `${name}sidecar-injector.istio.io`),
    );
    for (const { clientConfig, failurePolicy } of webhooks) {
      expect(failurePolicy).toBe('Fail');
      expect(clientConfig).toEqual({
        service: {
          name: 'istiod',
          namespace: 'istio-system',
          port: 443,
          path: '/inject/cluster/west/net/network2',
        },
      });
    }
  });
});

describe('the reader of a remote', () => {
  const rulesOf = async (part: string, cluster: string, from?: Mesh) =>
    pick(await desired(part, cluster, from), 'ClusterRole', 'istio-reader-clusterrole-istio-system').rules;
  const canCreateConfigMaps = (rules: any[]) =>
    rules.some((one) => one.resources.includes('configmaps') && one.verbs.includes('create'));

  it('may write root certificates and webhook bundles there, which the one of the primary may not', async () => {
    expect(canCreateConfigMaps(await rulesOf('remote-access', 'west'))).toBe(true);
    const several = { ...mesh, clusters: [east, { ...west, role: 'primary' as const, primary: 'west' }] };
    expect(canCreateConfigMaps(await rulesOf('remote-access', 'east', several))).toBe(false);
  });

  it('has a token that does not expire, in the Secret that istioctl makes', async () => {
    const secret = pick(
      await desired('remote-access', 'west'),
      'Secret',
      'istio-reader-service-account-istio-remote-secret-token',
    );
    expect(secret.type).toBe('kubernetes.io/service-account-token');
    expect(secret.metadata.annotations).toEqual({
      'kubernetes.io/service-account.name': 'istio-reader-service-account',
    });
  });
});

describe('an east-west gateway', () => {
  const labels = {
    app: 'istio-eastwestgateway',
    istio: 'eastwestgateway',
    'topology.istio.io/network': 'network2',
  };

  it('is a Service by whose labels Istio knows the gateway of a network', async () => {
    const [service] = (await desired('gateway-addresses', 'west')) as [any];
    expect(service.metadata.labels).toEqual(labels);
    expect(service.spec.type).toBe('LoadBalancer');
    expect(service.spec.ports.map((one: any) => `${one.name} ${one.port}`)).toEqual([
      'status-port 15021',
      'tls 15443',
      'tls-istiod 15012',
      'tls-webhook 15017',
    ]);
  });

  it('is a pod that is injected as a gateway and sees the endpoints of its own network only', async () => {
    const objects = await desired('gateways', 'west');
    const { template } = pick(objects, 'Deployment', 'istio-eastwestgateway').spec;
    expect(template.metadata.annotations).toEqual({ 'inject.istio.io/templates': 'gateway' });
    expect(template.metadata.labels).toEqual({ ...labels, 'sidecar.istio.io/inject': 'true' });
    const [container] = template.spec.containers;
    expect(container).toMatchObject({ name: 'istio-proxy', image: 'auto' });
    expect(container.env).toEqual([{ name: 'ISTIO_META_REQUESTED_NETWORK_VIEW', value: 'network2' }]);
    const binding = pick(objects, 'RoleBinding', 'istio-eastwestgateway-sds');
    expect(binding.subjects[0].name).toBe(template.spec.serviceAccountName);
    expect(pick(objects, 'Role', 'istio-eastwestgateway-sds').rules).toEqual([
      { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'watch', 'list'] },
    ]);
  });
});

describe('exposure', () => {
  it("is Istio's, in the primary only, by ports that lead to istiod and by the SNI of all services", async () => {
    const objects = await desired('exposure', 'east');
    const servers = (name: string) =>
      pick(objects, 'Gateway', name).spec.servers.map(
        ({ port, tls, hosts }: any) => `${port.number} ${port.protocol} ${tls.mode} ${hosts}`,
      );
    expect(servers('istiod-gateway')).toEqual(['15012 TLS PASSTHROUGH *', '15017 TLS PASSTHROUGH *']);
    expect(servers('cross-network-gateway')).toEqual(['15443 TLS AUTO_PASSTHROUGH *.local']);
    const routes = pick(objects, 'VirtualService', 'istiod-vs').spec.tls.map(
      ({ match, route }: any) => `${match[0].port} ${route[0].destination.host} ${route[0].destination.port.number}`,
    );
    expect(routes).toEqual([
      '15012 istiod.istio-system.svc.cluster.local 15012',
      '15017 istiod.istio-system.svc.cluster.local 443',
    ]);
    expect(parts.find((one) => one.name === 'exposure')!.applies(mesh, west)).toBe(false);
  });
});

describe('the sample', () => {
  it("is that of Istio's verification: a service in both clusters, a version of it in each, a client in both", async () => {
    const [ofEast, ofWest] = [await desired('sample', 'east'), await desired('sample', 'west')];
    expect(names(ofEast)).toEqual([
      'Namespace sample',
      'Service helloworld',
      'Deployment helloworld-v1',
      'ServiceAccount curl',
      'Service curl',
      'Deployment curl',
    ]);
    expect(names(ofWest)).toEqual(names(ofEast).map((name) => name.replace('v1', 'v2')));
    expect(ofEast[0]?.metadata.labels).toEqual({ 'istio-injection': 'enabled' });
    expect(pick(ofWest, 'Service', 'helloworld').spec.ports[0]).toMatchObject({ name: 'http', port: 5000 });
    const { metadata, spec } = pick(ofWest, 'Deployment', 'helloworld-v2').spec.template;
    expect(metadata.labels).toEqual({ app: 'helloworld', version: 'v2' });
    expect(spec.containers[0].image).toMatch(/^docker\.io\/istio\/examples-helloworld-v2:/);
    expect(spec).not.toHaveProperty('serviceAccountName');
    expect(pick(ofEast, 'Deployment', 'curl').spec.template.spec.serviceAccountName).toBe('curl');
  });
});

describe('the configuration of Prometheus', () => {
  it('labels local series with their cluster, and federates with the labels of the origin', () => {
    const config: any = prometheusConfig({ mesh, cluster: east }, [{ remote: 'west', address: '192.168.49.31' }]);
    const [local, federated] = config.scrape_configs;
    expect(local.relabel_configs).toContainEqual({ target_label: 'cluster', replacement: 'east' });
    expect(federated).toMatchObject({
      job_name: 'federate-west',
      honor_labels: true,
      honor_timestamps: false,
      static_configs: [{ targets: ['192.168.49.31:9090'] }],
    });
  });

  it("takes upstream Envoy's prefix off Istio's metrics", () => {
    const config: any = prometheusConfig({ mesh, cluster: east }, []);
    expect(config.scrape_configs[0].metric_relabel_configs).toContainEqual(
      expect.objectContaining({ regex: 'envoy_(istio_.*)', target_label: '__name__', replacement: '$1' }),
    );
  });

  it('of a remote federates nobody; its Service has an address for the one who federates it', async () => {
    expect((prometheusConfig({ mesh, cluster: west }, []) as any).scrape_configs).toHaveLength(1);
    const type = async (cluster: string, from?: Mesh) =>
      pick(await desired('prometheus-addresses', cluster, from), 'Service', 'prometheus').spec.type;
    expect([await type('east'), await type('west')]).toEqual(['ClusterIP', 'LoadBalancer']);
    const apart = { ...mesh, telemetry: { ...mesh.telemetry, federation: false } };
    expect(await type('west', apart)).toBe('ClusterIP');
  });

  it('is another pod template when it changes', async () => {
    const hash = async (from: Mesh) =>
      pick(await desired('telemetry', 'east', from), 'Deployment', 'prometheus').spec.template.metadata.annotations;
    const slower = { ...mesh, telemetry: { ...mesh.telemetry, scrapeIntervalSeconds: 5 } };
    expect(await hash(mesh)).toEqual(await hash(defaultMesh()));
    expect(await hash(slower)).not.toEqual(await hash(mesh));
  });
});
