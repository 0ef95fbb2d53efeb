/**
 * The registry of all clusters: watches, and publishes snapshots of the mesh. A change of endpoints alone makes a snapshot that differs in
 * those hosts; everything else is computed anew.
 */
import { existsSync, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../../errors/index.ts';
import { Informer, type InformerEvent, type KubeClient, type KubeObject, kinds } from '../../../kube/index.ts';
import { GatewayApiSource } from '../gateway-api/source.ts';
import type { Conversion } from '../gateway-api/types.ts';
import {
  type ConfigKind,
  type MeshChange,
  type MeshSnapshot,
  type PolicyChange,
  type SnapshotSource,
  scopedKinds,
} from '../model.ts';
import type { IstiodSettings } from '../settings.ts';
import { ClusterRegistry, type RegistryChange } from './cluster-registry.ts';
import { GatewayNames } from './gateway-names.ts';
import { Jwks } from './jwks.ts';
import { parseMeshConfig } from './mesh-config.ts';
import { type MeshNetworks, parseMeshNetworks, statedGateways } from './mesh-networks.ts';
import { RemoteClusters } from './remote-clusters.ts';
import { isDns } from './service-entries.ts';
import { Catalogue } from './services.ts';

const configKinds: ConfigKind[] = [
  'Gateway',
  'VirtualService',
  'DestinationRule',
  'ServiceEntry',
  'WorkloadEntry',
  'Sidecar',
  'EnvoyFilter',
  'PeerAuthentication',
  'RequestAuthentication',
  'AuthorizationPolicy',
  'Telemetry',
  'ProxyConfig',
  'WasmPlugin',
];

export class MeshRegistry implements SnapshotSource {
  readonly #settings: IstiodSettings;
  readonly #log: (line: string) => void;
  readonly local: ClusterRegistry;
  readonly remotes: RemoteClusters;
  readonly gatewayApi: GatewayApiSource;
  readonly #config = new Map<ConfigKind, Informer<KubeObject>>();
  readonly #jwks: Jwks;
  readonly #listeners = new Set<(snapshot: MeshSnapshot, change: MeshChange) => void>();
  #snapshot: MeshSnapshot;
  #catalogue: Catalogue | undefined;
  #meshNetworks: MeshNetworks = new Map();
  readonly #gatewayNames: GatewayNames;
  #dirtyFull = false;
  #dirtyHosts = new Set<string>();
  #dirtyPolicies: PolicyChange[] = [];
  #reason = '';
  #scheduled = false;
  #started = false;

  constructor(client: KubeClient, settings: IstiodSettings, log: (line: string) => void) {
    this.#settings = settings;
    this.#log = log;
    const makeRegistry = (id: string, clusterClient: KubeClient) =>
      new ClusterRegistry({
        id,
        client: clusterClient,
        domain: settings.domain,
        systemNamespace: settings.namespace,
        trustDomain: () => this.#snapshot.meshConfig.trustDomain,
        meshNetworks: () => this.#meshNetworks,
        onChange: (change) => this.#changed(change),
      });
    this.#snapshot = this.#empty();
    this.#gatewayNames = new GatewayNames((name) => this.#changed({ full: true, reason: `gateway ${name}` }), log);
    this.local = makeRegistry(settings.clusterId, client);
    this.gatewayApi = new GatewayApiSource({
      client,
      local: this.local,
      domain: settings.domain,
      onChange: (reason) => this.#changed({ full: true, reason }),
    });
    this.remotes = new RemoteClusters({
      client,
      ownId: settings.clusterId,
      namespace: settings.namespace,
      timeoutMs: settings.remoteClusterTimeoutMs,
      makeRegistry,
      onChange: (reason) => this.#changed({ full: true, reason }),
      log,
    });
    this.#jwks = new Jwks({
      onChange: (source) => {
        // In which namespaces they are used is not kept: all are asked, and those that have the keys already are sent nothing.
        this.#dirtyPolicies.push({ kind: 'RequestAuthentication', namespace: settings.namespace });
        this.#schedule(`keys of ${source}`);
      },
      log,
    });
    for (const kind of configKinds) this.#config.set(kind, new Informer<KubeObject>(client, kinds[kind]));
  }

  /** Returns with the first whole snapshot. */
  async start(): Promise<void> {
    for (const [kind, informer] of this.#config) {
      informer.on((event) => this.#configChanged(kind, event));
      informer.start();
    }
    this.local.start();
    this.#followMeshConfig();
    // Policies are known before the first proxy is told anything: none may be open for a moment.
    await Promise.all([
      this.local.synced,
      this.remotes.start(),
      this.gatewayApi.start(),
      ...[...this.#config.values()].map(listed),
    ]);
    await this.#jwks.follow(this.#list('RequestAuthentication'));
    this.#started = true;
    this.#dirtyFull = true;
    this.#publish();
  }

  async stop(): Promise<void> {
    this.#gatewayNames.stop();
    await Promise.all([
      this.#jwks.stop(),
      this.local.stop(),
      this.remotes.stop(),
      this.gatewayApi.stop(),
      ...[...this.#config.values()].map((informer) => informer.stop()),
    ]);
  }

  current(): MeshSnapshot {
    return this.#snapshot;
  }

  subscribe(listener: (snapshot: MeshSnapshot, change: MeshChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Registries whose data is in the snapshot, the config cluster's first. */
  registries(): ClusterRegistry[] {
    return [
      this.local,
      ...this.remotes
        .all()
        .filter((one) => one.status === 'synced')
        .map((one) => one.registry),
    ];
  }

  /** What is made of the Gateway API's objects as they are now. */
  gatewayConversion(): Conversion {
    return this.gatewayApi.conversion(byAge(this.#list('ServiceEntry')));
  }

  registryOf(clusterId: string): ClusterRegistry | undefined {
    return clusterId === '' || clusterId === this.local.id ? this.local : this.remotes.get(clusterId)?.registry;
  }

  #list(kind: ConfigKind): KubeObject[] {
    return this.#config.get(kind)?.list() ?? [];
  }

  #configChanged(kind: ConfigKind, { type, object, old }: InformerEvent<KubeObject>): void {
    if (type === 'updated' && sameMeaning(object, old)) return;
    const { namespace = '', name } = object.metadata;
    const reason = `${kind} ${namespace}/${name}`;
    const scoped = scopedKinds.find((one) => one === kind);
    const change = (): void => {
      if (!scoped) return this.#changed({ full: true, reason });
      this.#dirtyPolicies.push({ kind: scoped, namespace });
      this.#schedule(reason);
    };
    if (kind !== 'RequestAuthentication' || !this.#started) return change();
    // Its keys are asked for first, so that no valid token is refused meanwhile.
    void this.#jwks.follow(this.#list(kind)).then(change);
  }

  #changed(change: RegistryChange): void {
    if (change.full) this.#dirtyFull = true;
    else this.#dirtyHosts.add(change.host);
    this.#schedule(change.reason);
  }

  #schedule(reason: string): void {
    this.#reason = reason;
    if (this.#scheduled || !this.#started) return;
    this.#scheduled = true;
    setImmediate(() => this.#publish());
  }

  #publish(): void {
    this.#scheduled = false;
    const full = this.#dirtyFull;
    const hosts = this.#dirtyHosts;
    const policies = this.#dirtyPolicies;
    const reason = this.#reason;
    this.#dirtyFull = false;
    this.#dirtyHosts = new Set();
    this.#dirtyPolicies = [];
    const before = this.#snapshot;
    const registries = this.registries();
    const next: MeshSnapshot = full ? this.#build(registries) : this.#withHosts(before, registries, hosts, policies);
    const touched = full
      ? []
      : [...next.endpoints.keys()].filter((key) => next.endpoints.get(key) !== before.endpoints.get(key));
    // Who may answer for a service is part of its clusters, as are endpoints that DNS finds: that is more than a change of endpoints.
    const inClusters = touched.some(
      (key) =>
        !sameSet(before.services.get(key)?.serviceAccounts, next.services.get(key)?.serviceAccounts) ||
        isDns(next.services.get(key)!),
    );
    this.#snapshot = next;
    const change: MeshChange = {
      full: full || inClusters,
      hosts: new Set([...[...hosts].filter(Boolean), ...touched.map((key) => key.split('/').at(-1)!)]),
      policies,
      reason,
    };
    for (const listener of this.#listeners) listener(next, change);
  }

  #build(registries: ClusterRegistry[]): MeshSnapshot {
    const config = new Map([...this.#config.keys()].map((kind) => [kind, byAge(this.#list(kind))]));
    const converted = this.gatewayConversion();
    config.set('Gateway', byAge([...(config.get('Gateway') ?? []), ...converted.gateways]));
    config.set('VirtualService', byAge([...(config.get('VirtualService') ?? []), ...converted.virtualServices]));
    const { meshConfig } = this.#snapshot;
    const place = { clusterId: this.local.id, trustDomain: meshConfig.trustDomain };
    const sources = { registries, workloadEntries: config.get('WorkloadEntry') ?? [], place };
    this.#catalogue = new Catalogue(sources, config.get('ServiceEntry') ?? [], this.#settings, meshConfig);
    const keys = [...this.#catalogue.services.keys()];
    const base = { ...this.#snapshot, services: this.#catalogue.services, endpoints: new Map() };
    return {
      ...this.#withEndpoints(base, keys),
      version: this.#snapshot.version + 1,
      clusters: new Map(
        registries.map((one) => [one.id, { id: one.id, network: one.network, isConfigCluster: one === this.local }]),
      ),
      workloads: workloadsOf(registries),
      gateways: this.#gatewayNames
        .resolved([...statedGateways(this.#meshNetworks), ...registries.flatMap((one) => one.gateways())])
        .sort((a, b) => a.address.localeCompare(b.address) || a.port - b.port),
      config,
      jwks: this.#jwks.current(),
    };
  }

  #withEndpoints(before: MeshSnapshot, keys: Iterable<string>): MeshSnapshot {
    const endpoints = new Map(before.endpoints);
    const services = new Map(before.services);
    for (const key of keys) {
      const service = services.get(key);
      if (!service || !this.#catalogue) continue;
      const found = this.#catalogue.endpointsOf(key);
      endpoints.set(key, found);
      services.set(key, { ...service, serviceAccounts: this.#catalogue.accountsOf(key, found) });
    }
    return { ...before, endpoints, services };
  }

  #withHosts(
    before: MeshSnapshot,
    registries: ClusterRegistry[],
    hosts: Set<string>,
    policies: PolicyChange[],
  ): MeshSnapshot {
    // An empty host stands for a pod: it is a workload, whoever selects it.
    const isWorkload = hosts.has('');
    const keys = new Set([...hosts, ...(isWorkload ? (this.#catalogue?.keysBySelection() ?? []) : [])]);
    const workloads = isWorkload ? workloadsOf(registries) : before.workloads;
    const config = new Map(before.config);
    for (const { kind } of policies) config.set(kind, byAge(this.#list(kind)));
    return {
      ...this.#withEndpoints(before, keys),
      version: before.version + 1,
      workloads,
      config,
      jwks: this.#jwks.current(),
    };
  }

  #empty(): MeshSnapshot {
    return {
      version: 0,
      meshConfig: parseMeshConfig(''),
      rootNamespace: this.#settings.namespace,
      domain: this.#settings.domain,
      configClusterId: this.#settings.clusterId,
      clusters: new Map(),
      services: new Map(),
      endpoints: new Map(),
      workloads: new Map(),
      gateways: [],
      config: new Map(),
      jwks: new Map(),
    };
  }

  /** The ConfigMap is mounted as a folder, whose link ..data moves when it changes. */
  #followMeshConfig(): void {
    const { meshConfigFile, meshNetworksFile } = this.#settings;
    const attempt = (file: string, take: (text: string) => void): void => {
      try {
        take(readFileSync(file, 'utf8'));
      } catch (error) {
        this.#log(`mesh configuration ${file} is not read: ${messageOf(error)}`);
      }
    };
    const read = (): void => {
      attempt(meshConfigFile, (text) => {
        this.#snapshot = { ...this.#snapshot, meshConfig: parseMeshConfig(text) };
      });
      if (existsSync(meshNetworksFile))
        attempt(meshNetworksFile, (text) => {
          this.#meshNetworks = parseMeshNetworks(text);
        });
      this.#changed({ full: true, reason: 'mesh configuration' });
    };
    read();
    try {
      watch(dirname(meshConfigFile), () => setTimeout(read, 50)).unref();
    } catch {} // without the folder there is nothing to follow
  }
}

function workloadsOf(registries: ClusterRegistry[]): MeshSnapshot['workloads'] {
  return new Map(
    registries
      .flatMap((one) => one.workloads())
      .map((workload) => [`${workload.clusterId}/${workload.namespace}/${workload.name}`, workload]),
  );
}

/** What is written about an object's state, or by which tool, changes nothing. */
function sameMeaning(object: KubeObject, old: KubeObject): boolean {
  const meaning = ({ metadata, spec }: KubeObject) => JSON.stringify([metadata.annotations, metadata.labels, spec]);
  return meaning(object) === meaning(old);
}

/** After the first list, or the answer that the cluster has no such kind. */
async function listed(informer: Informer<KubeObject>): Promise<void> {
  while (!informer.hasSynced && informer.lastErrorStatus !== 404)
    await Promise.race([informer.synced, new Promise((resolve) => setTimeout(resolve, 20))]);
}

/** Where objects of one level compete, the oldest wins. */
function byAge(objects: KubeObject[]): KubeObject[] {
  const key = (one: KubeObject) => `${one.metadata.creationTimestamp}/${one.metadata.namespace}/${one.metadata.name}`;
  return objects.sort((a, b) => key(a).localeCompare(key(b)));
}

function sameSet(a: ReadonlySet<string> | undefined, b: ReadonlySet<string> | undefined): boolean {
  return (a?.size ?? 0) === (b?.size ?? 0) && [...(a ?? [])].every((one) => b?.has(one));
}

export type { SyncStatus } from './remote-clusters.ts';
