/** What istiod watches in one cluster, and what it makes of it: services, endpoints, workloads, gateways of that cluster. */
import {
  type EndpointSlice,
  Informer,
  type KubeClient,
  kinds,
  type Namespace,
  type Node,
  type Pod,
  type Service,
} from '../../../kube/index.ts';
import type { Locality, MeshEndpoint, NetworkGateway, Workload } from '../model.ts';
import { type MeshNetworks, networkOf } from './mesh-networks.ts';
import { type StatedWorkload, selects } from './workload-entries.ts';

export type RegistryChange = { full: true; reason: string } | { full: false; host: string; reason: string };

export interface ClusterRegistryOptions {
  id: string;
  client: KubeClient;
  domain: string;
  systemNamespace: string;
  trustDomain: () => string;
  meshNetworks: () => MeshNetworks;
  onChange: (change: RegistryChange) => void;
}

const networkLabel = 'topology.istio.io/network';
const gatewayPortLabel = 'networking.istio.io/gatewayPort';
const defaultGatewayPort = 15_443;

export class ClusterRegistry {
  readonly id: string;
  readonly client: KubeClient;
  readonly #options: ClusterRegistryOptions;
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  readonly namespaces: Informer<Namespace>;
  /** Slices of a service, by `namespace/service`. */
  readonly #slicesOf = new Map<string, Map<string, EndpointSlice>>();

  constructor(options: ClusterRegistryOptions) {
    this.id = options.id;
    this.client = options.client;
    this.#options = options;
    this.services = new Informer(options.client, kinds.Service, { transform: lean });
    this.slices = new Informer(options.client, kinds.EndpointSlice, { transform: lean });
    this.pods = new Informer(options.client, kinds.Pod, { transform: leanPod });
    this.nodes = new Informer(options.client, kinds.Node, { transform: leanNode });
    this.namespaces = new Informer(options.client, kinds.Namespace, { transform: lean });
    this.#follow();
  }

  start(): void {
    for (const informer of this.#informers) informer.start();
  }

  /** After the first list of everything. */
  get synced(): Promise<unknown> {
    return Promise.all(this.#informers.map((informer) => informer.synced));
  }

  get hasSynced(): boolean {
    return this.#informers.every((informer) => informer.hasSynced);
  }

  get lastError(): string | undefined {
    return this.#informers.map((informer) => informer.lastError).find((error) => error !== undefined);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.stop()));
  }

  get #informers(): Informer<any>[] {
    return [this.services, this.slices, this.pods, this.nodes, this.namespaces];
  }

  #follow(): void {
    const { onChange, domain, systemNamespace } = this.#options;
    const about = (kind: string, object: { metadata: { namespace?: string; name?: string } }) =>
      `${kind} ${this.id}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    this.services.on(({ object }) => onChange({ full: true, reason: about('Service', object) }));
    this.slices.on(({ type, object }) => {
      const service = object.metadata.labels?.['kubernetes.io/service-name'];
      if (!service) return;
      const key = `${object.metadata.namespace}/${service}`;
      const known = this.#slicesOf.get(key) ?? new Map<string, EndpointSlice>();
      this.#slicesOf.set(key, known);
      if (type === 'deleted') known.delete(object.metadata.name!);
      else known.set(object.metadata.name!, object);
      onChange({
        full: false,
        host: `${service}.${object.metadata.namespace}.svc.${domain}`,
        reason: about('EndpointSlice', object),
      });
    });
    this.pods.on(({ type, object, old }) => {
      // Of a pod only what endpoints and workloads are made of matters; its readiness comes by its slice.
      const same =
        type === 'updated' &&
        old &&
        JSON.stringify([object.metadata.labels, object['status'], object.spec]) ===
          JSON.stringify([old.metadata.labels, old['status'], old.spec]);
      if (same) return;
      for (const host of this.#hostsOf(object)) onChange({ full: false, host, reason: about('Pod', object) });
      onChange({ full: false, host: '', reason: about('Pod', object) });
    });
    this.nodes.on(({ type, object, old }) => {
      const facts = (node?: Node) => JSON.stringify([node?.metadata.labels, node?.status?.['addresses']]);
      if (type !== 'updated' || facts(object) !== facts(old)) onChange({ full: true, reason: about('Node', object) });
    });
    this.namespaces.on(({ type, object, old }) => {
      if (object.metadata.name !== systemNamespace) return;
      if (type !== 'updated' || object.metadata.labels?.[networkLabel] !== old?.metadata.labels?.[networkLabel])
        onChange({ full: true, reason: about('Namespace', object) });
    });
  }

  *#hostsOf(pod: Pod): Generator<string> {
    const { namespace, name } = pod.metadata;
    for (const [key, slices] of this.#slicesOf) {
      if (!key.startsWith(`${namespace}/`)) continue;
      const named = [...slices.values()].some((slice) => slice.endpoints?.some((one) => one.targetRef?.name === name));
      if (named) yield `${key.slice(namespace!.length + 1)}.${namespace}.svc.${this.#options.domain}`;
    }
  }

  /** Network of the cluster: the label of its system namespace. */
  get network(): string {
    return this.namespaces.get(undefined, this.#options.systemNamespace)?.metadata.labels?.[networkLabel] ?? '';
  }

  /** The oldest minor version of Kubernetes among the nodes; 0 while none is known. */
  get kubernetesMinor(): number {
    const minors = this.nodes
      .list()
      .map((node) => Number(/^v\d+\.(\d+)/.exec(node.status?.['nodeInfo']?.kubeletVersion ?? '')?.[1] ?? 0));
    return minors.length > 0 ? Math.min(...minors) : 0;
  }

  /** Endpoints of a service here, one for each port of each address. Those that end are left out; those not ready are unhealthy. */
  endpointsOf(namespace: string, name: string, hostname: string): MeshEndpoint[] {
    const found = new Map<string, MeshEndpoint>();
    for (const slice of this.#slicesOf.get(`${namespace}/${name}`)?.values() ?? []) {
      for (const endpoint of slice.endpoints ?? []) {
        const { ready = true, terminating = !ready && endpoint.conditions?.terminating === undefined } =
          endpoint.conditions ?? {};
        if (terminating && !ready) continue;
        for (const address of endpoint.addresses) {
          const pod =
            endpoint.targetRef?.kind === 'Pod' ? this.pods.get(namespace, endpoint.targetRef.name ?? '') : undefined;
          for (const port of slice.ports ?? [])
            found.set(`${address}:${port.port}:${port.name}`, {
              ...this.#identityOf(pod, namespace, address, endpoint.nodeName),
              hostname,
              clusterId: this.id,
              address,
              port: port.port ?? 0,
              portName: port.name ?? '',
              health: ready ? 'healthy' : 'unhealthy',
            });
        }
      }
    }
    return [...found.values()];
  }

  #identityOf(pod: Pod | undefined, namespace: string, address: string, nodeName = '') {
    const labels = pod?.metadata.labels ?? {};
    const node = pod?.spec['nodeName'] ?? nodeName;
    const locality = this.#localityOf(labels, node);
    const network = labels[networkLabel] ?? (this.network || networkOf(this.#options.meshNetworks(), this.id, address));
    return {
      network,
      tlsMode: labels['security.istio.io/tlsMode'] === 'istio' ? ('istio' as const) : ('disabled' as const),
      serviceAccount: pod
        ? `spiffe://${this.#options.trustDomain()}/ns/${namespace}/sa/${pod.spec['serviceAccountName'] ?? 'default'}`
        : '',
      namespace: pod ? namespace : '',
      workloadName: pod ? workloadNameOf(pod) : '',
      labels: {
        ...labels,
        'topology.istio.io/cluster': this.id,
        ...(network ? { [networkLabel]: network } : {}),
        ...(locality.region ? { 'topology.kubernetes.io/region': locality.region } : {}),
        ...(locality.zone ? { 'topology.kubernetes.io/zone': locality.zone } : {}),
        ...(locality.subzone ? { 'topology.istio.io/subzone': locality.subzone } : {}),
        ...(node ? { 'kubernetes.io/hostname': node } : {}),
      },
      canonicalName:
        labels['service.istio.io/canonical-name'] ??
        labels['app.kubernetes.io/name'] ??
        labels['app'] ??
        (pod ? workloadNameOf(pod) : ''),
      canonicalRevision:
        labels['service.istio.io/canonical-revision'] ??
        labels['app.kubernetes.io/version'] ??
        labels['version'] ??
        'latest',
      locality,
      nodeName: node,
    };
  }

  #localityOf(labels: Record<string, string>, nodeName: string): Locality {
    const stated = labels['istio-locality']?.replaceAll('.', '/').split('/');
    if (stated) return { region: stated[0] ?? '', zone: stated[1] ?? '', subzone: stated[2] ?? '' };
    const node = this.nodes.get(undefined, nodeName)?.metadata.labels ?? {};
    return {
      region: node['topology.kubernetes.io/region'] ?? '',
      zone: node['topology.kubernetes.io/zone'] ?? '',
      subzone: node['topology.istio.io/subzone'] ?? '',
    };
  }

  workloads(): Workload[] {
    return this.pods.list().flatMap((pod): Workload[] => {
      const address = pod['status']?.podIP;
      if (!address) return [];
      const { namespace = '', name = '' } = pod.metadata;
      const identity = this.#identityOf(pod, namespace, address);
      return [
        {
          ...identity,
          clusterId: this.id,
          name,
          address,
          labels: pod.metadata.labels ?? {},
          serviceAccount: pod.spec['serviceAccountName'] ?? 'default',
        },
      ];
    });
  }

  /** Pods of a namespace that are ready and have the labels, as ServiceEntries select them. */
  readyWorkloads(namespace: string, labels: Record<string, string>): StatedWorkload[] {
    return this.pods.list().flatMap((pod): StatedWorkload[] => {
      const { podIP, ready } = pod['status'] ?? {};
      if (pod.metadata.namespace !== namespace || !podIP || !ready) return [];
      if (!selects(labels, pod.metadata.labels ?? {})) return [];
      const identity = this.#identityOf(pod, namespace, podIP);
      return [
        {
          base: { ...identity, clusterId: this.id, address: podIP, health: 'healthy' },
          ports: {},
          name: pod.metadata.name ?? '',
          namespace,
        },
      ];
    });
  }

  /**
   * Services that carry a network's label, or that meshNetworks name, are gateways of that network, at each address that they have from
   * outside: of load balancers, of their own, or of the nodes that an annotation selects.
   */
  gateways(): NetworkGateway[] {
    return this.services.list().flatMap((service) => {
      const { network, port } = this.#gatewayOf(service);
      const stated = (service.spec['ports'] ?? []).find((one: any) => one.port === port);
      if (!network || !stated) return [];
      const at = (address: string, atPort: number) => ({ network, clusterId: this.id, address, port: atPort });
      const given = (service.status?.loadBalancer?.ingress ?? []).map((one) => one.ip ?? one.hostname ?? '');
      return [
        ...[...given, ...(service.spec['externalIPs'] ?? [])].filter(Boolean).map((address) => at(address, port)),
        ...(stated.nodePort ? this.#nodesFor(service).map((address) => at(address, stated.nodePort)) : []),
      ];
    });
  }

  #gatewayOf(service: Service): { network: string; port: number } {
    const label = service.metadata.labels?.[networkLabel];
    if (label)
      return { network: label, port: Number(service.metadata.labels?.[gatewayPortLabel] ?? defaultGatewayPort) };
    const hostname = `${service.metadata.name}.${service.metadata.namespace}.svc.${this.#options.domain}`;
    for (const [network, { gateways }] of this.#options.meshNetworks())
      for (const { registryServiceName, port } of gateways)
        if (registryServiceName === hostname) return { network, port };
    return { network: '', port: 0 };
  }

  /** External addresses of the nodes that a NodePort Service names in its annotation; without it nodes are no way in. */
  #nodesFor(service: Service): string[] {
    const written = service.metadata.annotations?.['traffic.istio.io/nodeSelector'];
    if (!written || service.spec['type'] !== 'NodePort') return [];
    let labels: Record<string, string>;
    try {
      labels = JSON.parse(written) ?? {};
    } catch {
      return []; // what is no JSON selects nothing
    }
    return this.nodes
      .list()
      .filter((node) => selects(labels, node.metadata.labels ?? {}))
      .flatMap((node) => (node.status?.['addresses'] ?? []).filter((one: any) => one.type === 'ExternalIP'))
      .map((one: any) => one.address as string);
  }
}

/** The Deployment's name where a ReplicaSet owns the pod, else the owner's, else the pod's. */
export function workloadNameOf(pod: {
  metadata: {
    name?: string;
    labels?: Record<string, string>;
    ownerReferences?: { kind: string; name: string; controller?: boolean }[];
  };
}): string {
  const owner = pod.metadata.ownerReferences?.find((one) => one.controller);
  if (!owner) return pod.metadata.name ?? '';
  const hash = pod.metadata.labels?.['pod-template-hash'];
  return owner.kind === 'ReplicaSet' && hash && owner.name.endsWith(`-${hash}`)
    ? owner.name.slice(0, -hash.length - 1)
    : owner.name;
}

const version = (object: { metadata: { resourceVersion?: string } }) =>
  object.metadata.resourceVersion ? { resourceVersion: object.metadata.resourceVersion } : {};

/** Managed fields and annotations are most of an object, and nothing here reads them. */
function lean<T extends { metadata: any }>(object: T): T {
  const { managedFields: _m, annotations, ...metadata } = object.metadata;
  const last = 'kubectl.kubernetes.io/last-applied-configuration';
  const kept = annotations && Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== last));
  return { ...object, metadata: { ...metadata, ...(kept ? { annotations: kept } : {}) } };
}

function leanNode(node: Node): Node {
  const { name = '', labels = {} } = node.metadata;
  return {
    metadata: { name, labels, ...version(node) },
    status: {
      nodeInfo: { kubeletVersion: node.status?.['nodeInfo']?.kubeletVersion },
      addresses: node.status?.['addresses'] ?? [],
    },
  };
}

function leanPod(pod: Pod): Pod {
  const { name, namespace, labels, ownerReferences } = pod.metadata;
  return {
    metadata: {
      name: name!,
      namespace: namespace!,
      labels: labels ?? {},
      ...(ownerReferences ? { ownerReferences } : {}),
      ...version(pod),
    },
    spec: { nodeName: pod.spec['nodeName'], serviceAccountName: pod.spec['serviceAccountName'] },
    status: {
      podIP: pod['status']?.podIP,
      ready: (pod['status']?.conditions ?? []).some((one: any) => one.type === 'Ready' && one.status === 'True'),
    },
  };
}
