/**
 * What the mesh is, with no Envoy types: the border between the registry, which makes snapshots, and networking and xds, which read
 * them. A snapshot never changes after it is published; generators read nothing else.
 */
import type { KubeObject } from '../../kube/index.ts';

/** Istio's protocol of a service port, from appProtocol, else the port name's prefix, else sniffed. */
export type PortProtocol =
  | 'HTTP'
  | 'HTTP2'
  | 'GRPC'
  | 'HTTPS'
  | 'TLS'
  | 'TCP'
  | 'MONGO'
  | 'MYSQL'
  | 'REDIS'
  | 'UDP'
  | 'UNSUPPORTED';

export interface ServicePort {
  name: string;
  port: number;
  protocol: PortProtocol;
}

/** A service of the whole mesh: the same name and namespace in several clusters is one (namespace sameness). */
export interface MeshService {
  /** In the snapshot's maps: the hostname, or `<namespace>/<hostname>` where another namespace has the host already. */
  key: string;
  hostname: string;
  /** Where it is written: Services of Kubernetes, or ServiceEntries. */
  origin: 'Kubernetes' | 'ServiceEntry';
  name: string;
  namespace: string;
  /** From the first registry that has the service: the config cluster, then others in the order of registration. */
  ports: ServicePort[];
  /** Cluster ID to the service's virtual addresses there. */
  addresses: ReadonlyMap<string, readonly string[]>;
  /** The address used where the proxy's own cluster has none. */
  defaultAddress: string;
  /** Addresses, or ranges of them, that a ServiceEntry states: the same in all clusters. */
  statedAddresses: readonly string[];
  /** Names of ExternalName Services that stand for this one. */
  aliases: readonly { hostname: string; namespace: string }[];
  /** Labels of the workloads behind it; undefined where it names its endpoints itself. */
  selector: Readonly<Record<string, string>> | undefined;
  /** clusterIP None: dialled directly (ORIGINAL_DST for sidecars). */
  headless: boolean;
  resolution: 'ClientSideLB' | 'Passthrough' | 'DNSLB' | 'DNSRoundRobinLB';
  meshExternal: boolean;
  labels: Readonly<Record<string, string>>;
  exportTo: readonly string[];
  /** SPIFFE IDs of all endpoints in all clusters: what a client accepts as the server's name. */
  serviceAccounts: ReadonlySet<string>;
  internalTrafficPolicyLocal: boolean;
  /** When the service was made: where two services say different things of one port, the older one is believed. */
  createdAt: string;
  clusterLocal: boolean;
}

export interface MeshEndpoint {
  hostname: string;
  clusterId: string;
  network: string;
  /** An IP address; of services that are found by DNS a name as well. */
  address: string;
  port: number;
  /** Name of the service port that it serves; endpoints match clusters by it. */
  portName: string;
  /** Nobody says how endpoints are that an entry states. */
  health: 'healthy' | 'unhealthy' | 'unknown';
  /** Share among its like; 1 where nothing is stated. */
  weight?: number;
  tlsMode: 'istio' | 'disabled';
  /** SPIFFE ID, or empty when the pod is not known. */
  serviceAccount: string;
  namespace: string;
  workloadName: string;
  /** Pod labels enriched with topology.istio.io/cluster, /network, region, zone, subzone and hostname. */
  labels: Readonly<Record<string, string>>;
  canonicalName: string;
  canonicalRevision: string;
  locality: Locality;
  nodeName: string;
}

export interface Locality {
  region: string;
  zone: string;
  subzone: string;
}

/** One address of an east-west gateway. Keyed by (network, cluster). */
export interface NetworkGateway {
  network: string;
  clusterId: string;
  address: string;
  port: number;
}

export interface MeshCluster {
  id: string;
  /** Network of the cluster's system namespace (label topology.istio.io/network), or empty. */
  network: string;
  isConfigCluster: boolean;
}

/** A workload seen in a registry, by which a connected proxy finds its own services and labels. */
export interface Workload {
  clusterId: string;
  namespace: string;
  name: string;
  address: string;
  labels: Readonly<Record<string, string>>;
  serviceAccount: string;
  workloadName: string;
  nodeName: string;
  locality: Locality;
  network: string;
}

/** Kinds of Istio configuration, read only from the config cluster. */
export type ConfigKind =
  | 'Gateway'
  | 'VirtualService'
  | 'DestinationRule'
  | 'ServiceEntry'
  | 'WorkloadEntry'
  | 'Sidecar'
  | 'EnvoyFilter'
  | 'PeerAuthentication'
  | 'RequestAuthentication'
  | 'AuthorizationPolicy'
  | 'Telemetry'
  | 'ProxyConfig'
  | 'WasmPlugin';

export interface MeshSnapshot {
  /** Grows with each snapshot; also the xDS version. */
  version: number;
  /** Contents of ConfigMap istio, key mesh, with Istio's defaults filled in. */
  meshConfig: MeshConfig;
  /** istio-system. */
  rootNamespace: string;
  /** cluster.local */
  domain: string;
  configClusterId: string;
  clusters: ReadonlyMap<string, MeshCluster>;
  /** By hostname. */
  services: ReadonlyMap<string, MeshService>;
  /** By hostname, all clusters. */
  endpoints: ReadonlyMap<string, readonly MeshEndpoint[]>;
  /** By "<clusterId>/<namespace>/<pod name>". */
  workloads: ReadonlyMap<string, Workload>;
  gateways: readonly NetworkGateway[];
  config: ReadonlyMap<ConfigKind, readonly KubeObject[]>;
  /** Keys of token issuers that istiod has fetched, by where they are from. */
  jwks: ReadonlyMap<string, string>;
}

export interface MeshConfig {
  trustDomain: string;
  trustDomainAliases: string[];
  enableAutoMtls: boolean;
  outboundTrafficPolicy: { mode: 'ALLOW_ANY' | 'REGISTRY_ONLY' };
  accessLogFile: string;
  accessLogFormat: string;
  accessLogEncoding: 'TEXT' | 'JSON';
  /** Milliseconds. */
  connectTimeout: number;
  /** Milliseconds; 0 means none. */
  protocolDetectionTimeout: number;
  meshId: string;
  discoveryAddress: string;
  /** As written, for what the fields above leave out. */
  raw: Readonly<Record<string, unknown>>;
}

/**
 * What changed between two snapshots. `hosts` names services whose endpoints alone changed (with the set of service accounts the
 * same); `full` means that configuration, services, gateways or accounts changed as well.
 */
export interface MeshChange {
  full: boolean;
  hosts: ReadonlySet<string>;
  /** Policies that changed: they concern the proxies of their namespace, or all if it is the root namespace. */
  policies: readonly PolicyChange[];
  /** For logs and /debug: "EndpointSlice west/sample/helloworld". */
  reason: string;
}

/** A change of configuration whose reach is known by its kind and namespace. */
export interface PolicyChange {
  kind: ScopedKind;
  namespace: string;
}

/** Kinds that no other proxies than those of their namespace (or all, from the root namespace) can see. */
export const scopedKinds = ['AuthorizationPolicy', 'RequestAuthentication', 'Telemetry', 'EnvoyFilter'] as const;
export type ScopedKind = (typeof scopedKinds)[number];

/** Where snapshots come from. */
export interface SnapshotSource {
  current(): MeshSnapshot;
  /** Called after each publication; returns the function that ends the subscription. */
  subscribe(listener: (snapshot: MeshSnapshot, change: MeshChange) => void): () => void;
}

/** A connected proxy, from its node ID and metadata, completed from the registry. */
export interface MeshProxy {
  /** `<type>~<ip>~<pod>.<ns>~<domain>` */
  nodeId: string;
  type: 'sidecar' | 'router';
  address: string;
  name: string;
  namespace: string;
  clusterId: string;
  network: string;
  /** Networks whose endpoints it may see; empty: all. */
  requestedNetworkView: readonly string[];
  labels: Readonly<Record<string, string>>;
  serviceAccount: string;
  locality: Locality;
  metadata: Readonly<Record<string, unknown>>;
}

/** Who is at the other end of a gRPC connection, established by the registry's authenticator before any stream is served. */
export interface PeerIdentity {
  /** SPIFFE ID. */
  id: string;
  trustDomain: string;
  namespace: string;
  serviceAccount: string;
}

/** Authenticates a gRPC call by bearer token with `clusterid` metadata (TokenReview in that cluster) or by client certificate. */
export type Authenticate = (call: {
  metadata: ReadonlyMap<string, string>;
  peerCertificateUris: readonly string[];
}) => Promise<PeerIdentity>;
