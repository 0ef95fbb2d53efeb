/**
 * A mesh of two clusters that is nothing but answers: objects, debug pages, counters and the output of commands, as a healthy mesh gives
 * them. Tests break one of them and see which facts turn red. No process runs and no time passes but that of waits.
 */
import type { ExecOptions, ExecResult, Kind, KubeClient, KubeObject } from '../../src/kube/index.ts';
import { KubeApiError } from '../../src/kube/index.ts';
import { createIntermediate, createRoot, type KeyPair } from '../../src/pki/index.ts';
import { defaultMesh, type Mesh } from '../../src/spec/index.ts';

const system = 'istio-system';
const encoded = (text: string): string => Buffer.from(text).toString('base64');

interface Series {
  labels: Record<string, string>;
  count: number;
}

export class PlantedCluster {
  readonly name: string;
  readonly objects = new Map<string, KubeObject>();
  /** What each proxy of the sample has counted, by pod. */
  readonly counters = new Map<string, Series[]>();
  /** Answers by path below /api/v1/namespaces/; a function is asked each time. */
  readonly pages = new Map<string, unknown>();
  /** Statuses with which plain text and mesh clients are answered by the probe's server, by mode of its policy. */
  readonly probe = {
    stranger: { PERMISSIVE: 200, STRICT: 503 } as Record<string, number>,
    friend: { PERMISSIVE: 200, STRICT: 200 } as Record<string, number>,
  };
  /** What curl says when it asks a pod address directly: by the cluster of that address. */
  readonly direct: Record<string, string> = {};
  isTokenGood = true;
  readonly #mesh: PlantedMesh;

  constructor(name: string, mesh: PlantedMesh) {
    this.name = name;
    this.#mesh = mesh;
  }

  put(kind: string, object: any): void {
    const { name, namespace } = object.metadata;
    this.objects.set([kind, namespace, name].filter(Boolean).join('/'), { kind, ...object });
  }

  get(kind: string, name: string, namespace: string | undefined = system): any {
    return this.objects.get([kind, namespace, name].filter(Boolean).join('/'));
  }

  remove(kind: string, name: string, namespace: string | undefined = system): void {
    this.objects.delete([kind, namespace, name].filter(Boolean).join('/'));
  }

  client(): KubeClient {
    const cluster = this;
    const notFound = (path: string) =>
      new KubeApiError({ status: 404, body: { message: `${path} not found` }, method: 'GET', path, server: this.name });
    const client = {
      name: this.name,
      connection: { server: `https://${this.name}` },
      async find(kind: Kind, name: string, namespace?: string) {
        return cluster.get(kind.kind, name, namespace ?? '');
      },
      async get(kind: Kind, name: string, namespace?: string) {
        const found = cluster.get(kind.kind, name, namespace ?? '');
        if (!found) throw notFound(`${kind.plural}/${name}`);
        return found;
      },
      async list(kind: Kind, options: { namespace?: string; labelSelector?: string } = {}) {
        const items = [...cluster.objects.values()].filter(
          (one) =>
            one.kind === kind.kind &&
            (options.namespace === undefined || one.metadata.namespace === options.namespace) &&
            matches(one.metadata.labels ?? {}, options.labelSelector ?? ''),
        );
        return { items, resourceVersion: '1' };
      },
      /** A watch that has nothing to tell after the list. */
      async *watch(_kind: Kind, { signal }: { signal?: AbortSignal } = {}) {
        yield* [];
        if (signal?.aborted) return;
        await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
      },
      async apply(kind: Kind, object: KubeObject) {
        if (kind.kind === 'Namespace')
          cluster.put('Namespace', {
            ...object,
            metadata: { creationTimestamp: new Date().toISOString(), ...object.metadata },
          });
        else cluster.put(kind.kind, object);
        if (kind.kind === 'Deployment') cluster.#startProbe(object);
        return object;
      },
      async create(kind: Kind, object: KubeObject) {
        if (kind.kind === 'TokenReview') return { ...object, status: { authenticated: cluster.isTokenGood } };
        cluster.put(kind.kind, object);
        return object;
      },
      async delete(kind: Kind, name: string) {
        if (!cluster.get(kind.kind, name, '')) throw notFound(name);
        cluster.remove(kind.kind, name, '');
        if (kind.kind !== 'Namespace') return;
        for (const [key, one] of cluster.objects) if (one.metadata.namespace === name) cluster.objects.delete(key);
      },
      async request(_method: string, path: string) {
        return cluster.#answer(path.replace('/api/v1/namespaces/', ''), notFound);
      },
      exec: (options: ExecOptions) => cluster.#exec(options),
    };
    return client as unknown as KubeClient;
  }

  #startProbe({ metadata }: KubeObject): void {
    const { namespace } = metadata;
    this.put('Deployment', { metadata, spec: {}, status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 } });
    this.put('Pod', readyPod('server-1', namespace ?? '', { app: 'server' }, '10.9.9.9'));
  }

  #answer(path: string, notFound: (path: string) => Error): unknown {
    const probe = /^(isthmus-verify-[^/]+)\/pods\/server-1:5000\/proxy\/hello$/.exec(path);
    if (probe) return this.#plainText(probe[1] ?? '');
    const stats = /pods\/([^:]+):15020\/proxy\/stats\/prometheus$/.exec(path);
    if (stats) return (this.counters.get(stats[1] ?? '') ?? []).map(lineOf).join('');
    if (!this.pages.has(path)) throw notFound(path);
    const page = this.pages.get(path);
    return typeof page === 'function' ? page() : page;
  }

  #plainText(namespace: string): string {
    const status = this.probe.stranger[this.#mode(namespace)] ?? 200;
    if (status === 200) return 'Hello version: v1, instance: server-1';
    const message = status === 503 ? 'error trying to reach service: read: connection reset by peer' : 'something else';
    throw new KubeApiError({ status, body: { message }, method: 'GET', path: namespace, server: this.name });
  }

  #mode(namespace: string): string {
    const primary = this.#mesh.clusters.get(this.#mesh.mesh.clusters.find((one) => one.name === this.name)!.primary)!;
    return primary.get('PeerAuthentication', 'default', namespace)?.spec.mtls.mode ?? 'none';
  }

  async #exec({ command }: ExecOptions): Promise<ExecResult> {
    const url = command.at(-1) ?? '';
    const said = (stdout: string, stderr = ''): ExecResult => ({ stdout, stderr, exitCode: 0 });
    const count = /\/hello\?\[1-(\d+)\]$/.exec(url)?.[1];
    if (count) return said(this.#mesh.traffic(this.name, Number(count)));
    const probe = /^http:\/\/server\.([^:]+):5000/.exec(url)?.[1];
    if (probe) return said(String(this.probe.friend[this.#mode(probe)]));
    const address = /^http:\/\/([\d.]+):15021/.exec(url)?.[1];
    const to = [...this.#mesh.clusters.values()].find(
      (one) => one.get('Pod', one.#server, 'sample')?.status.podIP === address,
    );
    const code = this.direct[to?.name ?? ''] ?? (to === this ? '200' : '000');
    return said(code, code === '000' ? 'curl: (56) Recv failure' : '');
  }

  get #server(): string {
    return [...this.objects.keys()].find((key) => key.startsWith('Pod/sample/helloworld'))?.split('/')[2] ?? '';
  }
}

export class PlantedMesh {
  readonly mesh: Mesh = defaultMesh();
  readonly clusters = new Map<string, PlantedCluster>();
  /** Which clusters' servers are reached, from each cluster; by turns. An empty list is a mesh that answers 503. */
  readonly routes = new Map<string, string[]>();
  /** Identity and security by which servers see clients of a cluster. */
  readonly seenAs = new Map<string, { principal: string; security: string; cluster?: string }>();
  /** What becomes of a series on its way to the primary's Prometheus: taken in as often as the list is long, with these labels. */
  federate: (cluster: string, labels: Record<string, string>) => Record<string, string>[] = (_, labels) => [labels];
  #turn = 0;

  cluster(name: string): PlantedCluster {
    return this.clusters.get(name)!;
  }

  get east(): PlantedCluster {
    return this.cluster('east');
  }

  get west(): PlantedCluster {
    return this.cluster('west');
  }

  /** What curl prints, and what the proxies count. */
  traffic(from: string, count: number): string {
    const to = this.routes.get(from) ?? [];
    return Array.from({ length: count }, () => {
      const name = to[this.#turn++ % to.length];
      if (!name) return 'no healthy upstream~~~503 0.001\n';
      const version = name === 'east' ? 'v1' : 'v2';
      this.#count(from, name);
      return `Hello version: ${version}, instance: helloworld-${version}-1\n~~~200 0.0021\n`;
    }).join('');
  }

  #count(from: string, to: string): void {
    const seen = this.seenAs.get(from) ?? {
      principal: 'spiffe://cluster.local/ns/sample/sa/curl',
      security: 'mutual_tls',
    };
    const both = {
      source_cluster: seen.cluster ?? from,
      destination_cluster: to,
      destination_app: 'helloworld',
      destination_service_name: 'helloworld',
    };
    this.#add(from, 'curl-1', { ...both, reporter: 'source', source_cluster: from });
    const server = to === 'east' ? 'helloworld-v1-1' : 'helloworld-v2-1';
    const proven = { source_principal: seen.principal, connection_security_policy: seen.security };
    this.#add(to, server, { ...both, ...proven, reporter: 'destination' });
  }

  #add(cluster: string, pod: string, labels: Record<string, string>): void {
    const { counters } = this.cluster(cluster);
    const series = counters.get(pod) ?? [];
    counters.set(pod, series);
    const known = series.find((one) => JSON.stringify(one.labels) === JSON.stringify(labels));
    if (known) known.count++;
    else series.push({ labels, count: 1 });
  }

  /** The answer of the primary's Prometheus: every proxy has been scraped just now. */
  prometheus(): unknown {
    const result = [...this.clusters.values()].flatMap(({ name, counters }) =>
      [...counters].flatMap(([pod, series]) =>
        series.flatMap(({ labels, count }) =>
          this.federate(name, { ...labels, cluster: name, pod }).map((metric) => ({
            metric,
            value: [0, String(count)],
          })),
        ),
      ),
    );
    return { data: { result } };
  }
}

/** All is well. */
export async function plantMesh(): Promise<PlantedMesh> {
  const planted = new PlantedMesh();
  const root = await createRoot({ commonName: 'Root' });
  for (const { name, network } of planted.mesh.clusters) {
    const cluster = new PlantedCluster(name, planted);
    planted.clusters.set(name, cluster);
    planted.routes.set(name, ['east', 'west']);
    await plantTrust(cluster, root);
    const labels = { istio: 'eastwestgateway', app: 'istio-eastwestgateway', 'topology.istio.io/network': network };
    const metadata = { name: 'istio-eastwestgateway', namespace: system, labels };
    const status = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    cluster.put('Deployment', { metadata, spec: { replicas: 1, selector: { matchLabels: labels } }, status });
    const ingress = [{ ip: name === 'east' ? '192.168.49.20' : '192.168.49.30' }];
    cluster.put('Service', { metadata, spec: {}, status: { loadBalancer: { ingress } } });
    const version = name === 'east' ? 'v1' : 'v2';
    const address = name === 'east' ? '10.10.0.12' : '10.20.0.12';
    cluster.put('Pod', readyPod(`helloworld-${version}-1`, 'sample', { app: 'helloworld', version }, address));
    cluster.put('Pod', readyPod('curl-1', 'sample', { app: 'curl' }));
    cluster.put('Pod', readyPod('gateway-1', system, labels));
  }
  plantControlPlane(planted);
  return planted;
}

/** cacerts, and the root that proxies are given, of a cluster. */
export async function plantTrust(cluster: PlantedCluster, root: KeyPair): Promise<void> {
  const intermediate = await createIntermediate(root, { commonName: `Intermediate of ${cluster.name}` });
  const data = {
    'ca-cert.pem': encoded(intermediate.certPem),
    'ca-key.pem': encoded(intermediate.keyPem),
    'root-cert.pem': encoded(root.certPem),
    'cert-chain.pem': encoded(intermediate.certPem),
  };
  cluster.put('Secret', { metadata: { name: 'cacerts', namespace: system }, data });
  const metadata = { name: 'istio-ca-root-cert', namespace: system };
  cluster.put('ConfigMap', { metadata, data: { 'root-cert.pem': root.certPem } });
}

function plantControlPlane(planted: PlantedMesh): void {
  const { east } = planted;
  east.put('Pod', {
    ...readyPod('istiod-1', system, { app: 'istiod' }),
    spec: { containers: [{ name: 'discovery' }] },
  });
  const kubeconfig = JSON.stringify({
    clusters: [{ name: 'west', cluster: { server: 'https://192.168.49.3:6443' } }],
    users: [{ name: 'west', user: { token: 'not-to-be-shown' } }],
  });
  const metadata = { name: 'istio-remote-secret-west', namespace: system, labels: { 'istio/multiCluster': 'true' } };
  east.put('Secret', { metadata, data: { west: encoded(kubeconfig) } });
  const server = { port: { number: 15_443 }, tls: { mode: 'AUTO_PASSTHROUGH' } };
  east.put('Gateway', { metadata: { name: 'cross-network-gateway', namespace: system }, spec: { servers: [server] } });
  east.pages.set(`${system}/pods/istiod-1:8080/proxy/debug/clusterz`, [
    { id: 'east', secretName: '', syncStatus: 'synced' },
    { id: 'west', secretName: 'istio-system/istio-remote-secret-west', syncStatus: 'synced' },
  ]);
  const acknowledged = Object.fromEntries(
    ['cluster', 'listener', 'route', 'endpoint'].flatMap((type) => [
      [`${type}_sent`, '1'],
      [`${type}_acked`, '1'],
    ]),
  );
  const proxies = ['east helloworld-v1-1.sample', 'west helloworld-v2-1.sample'].concat(
    ['east', 'west'].flatMap((name) => [`${name} curl-1.sample`, `${name} gateway-1.${system}`]),
  );
  east.pages.set(
    `${system}/pods/istiod-1:8080/proxy/debug/syncz`,
    proxies.map((one) => ({ cluster_id: one.split(' ')[0], proxy: one.split(' ')[1], ...acknowledged })),
  );
  east.pages.set(`${system}/services/prometheus:9090/proxy/api/v1/query`, () => planted.prometheus());
}

function readyPod(name: string, namespace: string, labels: Record<string, string>, podIP = '10.0.0.9'): any {
  return {
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'main' }, { name: 'istio-proxy' }] },
    status: { phase: 'Running', podIP, conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

/** `a=b,c=d` and `a in (b,c)`. */
function matches(labels: Record<string, string>, selector: string): boolean {
  const set = /^(\S+) in \((.*)\)$/.exec(selector);
  if (set) return (set[2] ?? '').split(',').includes(labels[set[1] ?? ''] ?? '');
  return selector
    .split(',')
    .filter(Boolean)
    .every((one) => labels[one.split('=')[0] ?? ''] === one.split('=')[1]);
}

const lineOf = ({ labels, count }: Series): string =>
  `envoy_istio_requests_total{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(',')}} ${count}\n`;
