/** The mesh as its clusters show it: what stands where, and what joins it. */
import type { ObjectKey, SourceProblem, State } from './common.ts';

export interface MeshView {
  timestamp: string;
  /** Of istiod's mesh configuration; several where control planes disagree. */
  meshIDs: string[];
  trustDomains: string[];
  clusters: ClusterView[];
  networks: { name: string; clusters: string[] }[];
  links: MeshLink[];
  roots: RootView[];
  /** Names that must agree and do not. */
  disagreements: NameDisagreement[];
  problems: SourceProblem[];
}

/** By which a cluster is read: a context of the kubeconfig, or a remote secret's own kubeconfig, whose account may see less. */
export type ClusterOrigin =
  | { type: 'kubeconfig'; context: string }
  | { type: 'remote-secret'; cluster: string; namespace: string; name: string };

export type ClusterRole = 'primary' | 'remote' | 'unmeshed' | 'unknown';

export interface ClusterView {
  /** The name by which metrics and istiod know it (CLUSTER_ID), else the context's. */
  name: string;
  /** The kubeconfig's context; undefined for a cluster that only a remote secret or a metric names. */
  context?: string;
  origin: ClusterOrigin;
  server?: string;
  network?: string;
  role: ClusterRole;
  /** Clusters whose istiod serves this one. */
  controlledBy: string[];
  api: ApiState;
  kubernetesVersion?: string;
  controlPlanes: ControlPlaneView[];
  gateways: GatewayView[];
  remoteSecrets: RemoteSecretView[];
  trust: ClusterTrust;
  prometheus: PrometheusView;
  counts: { namespaces: number; workloads: number; pods: number; podsReady: number; proxies: number; services: number };
  /** Pods or proxies per version of Istio's data plane. */
  proxyVersions: Record<string, number>;
}

export interface ApiState {
  reachable: boolean;
  /** Why it is not; also while a first answer is awaited. */
  reason?: string;
  /** Last answer. */
  lastSeen?: string;
  /** Kinds whose objects are not seen, because of rights or because the cluster does not have them. */
  unseenKinds: { kind: string; why: string }[];
}

export interface ControlPlaneView {
  cluster: string;
  namespace: string;
  name: string;
  revision: string;
  version?: string;
  clusterId: string;
  meshId?: string;
  network?: string;
  trustDomain?: string;
  /** enableAutoMtls of its mesh configuration: proxies use mutual TLS wherever the other side can. */
  autoMtls: boolean;
  /** meshMTLS.minProtocolVersion, where it is set. */
  minTls?: string;
  /** EXTERNAL_ISTIOD: serves clusters that have no istiod. */
  external: boolean;
  replicas: { desired: number; ready: number };
  state: State;
  why?: string;
  /** From istiod's own view of its clusters; undefined where its debug pages cannot be read. */
  serves?: { cluster: string; secret?: string; syncStatus: string }[];
  proxies?: { total: number; synced: number; stale: { proxy: string; cluster: string; types: string[] }[] };
}

export interface GatewayView {
  cluster: string;
  namespace: string;
  name: string;
  /** `eastwest` joins networks; `ingress` and `egress` lead in and out of the mesh. */
  type: 'eastwest' | 'ingress' | 'egress';
  network?: string;
  /** IP addresses or host names of the load balancer. */
  addresses: string[];
  ports: { name: string; port: number; targetPort?: number | string }[];
  replicas: { desired: number; ready: number };
  state: State;
  why?: string;
  fix?: string;
}

/** A Secret by which an istiod reads another cluster. Nothing of its credentials is here. */
export interface RemoteSecretView {
  cluster: string;
  namespace: string;
  name: string;
  /** Key of its data: the name that istiod gives to the cluster. */
  target: string;
  server?: string;
  state: State;
  why?: string;
  fix?: string;
  /** When the token in it ends; undefined for one that does not end or is not a token. */
  tokenExpires?: string;
  syncStatus?: string;
}

export interface ClusterTrust {
  trustDomain?: string;
  /** SHA-256 fingerprint of the root that proxies are given here. */
  rootFingerprint?: string;
  certificates: CertificateView[];
  /** What proxies of this cluster show as their own; undefined until one was read. */
  workloads?: ProxyCertificateSummary;
  /** Clusters of the mesh with the same root. */
  sharedWith: string[];
  state: State;
  why?: string;
  fix?: string;
}

export interface CertificateView {
  kind: 'root' | 'intermediate' | 'workload';
  /** As in `Secret istio-system/cacerts`. */
  from: string;
  subject: string;
  issuer: string;
  fingerprint: string;
  notBefore: string;
  notAfter: string;
  state: State;
}

/** Certificates of a cluster's proxies. `state` is that of the worst. */
export interface ProxyCertificateSummary {
  /** Pods with a proxy, and of how many the certificate is known. */
  proxies: number;
  read: number;
  expired: number;
  /** Less than a tenth of their life is left: their renewal, at half of it, has failed. */
  ending: number;
  /** Signed below a root that is not the cluster's. */
  foreign: number;
  /** The first that ends. */
  nextEnd?: string;
  state: State;
  why?: string;
}

/** What one proxy shows to others, as Envoy's admin interface tells it; the key is not read. */
export interface ProxyCertificate {
  cluster: string;
  namespace: string;
  pod: string;
  workload?: string;
  /** SPIFFE ID. */
  identity: string;
  issuer: string;
  serialNumber: string;
  fingerprint: string;
  notBefore: string;
  notAfter: string;
  /** Roots that the proxy trusts, by SHA-256 fingerprint, with their ends. */
  trusts: { fingerprint: string; subject: string; notAfter: string }[];
  state: State;
  /** Always given when the state is not `ok`. */
  why?: string;
  fix?: string;
  /** When it was read. */
  readAt: string;
}

export interface ProxyCertificates {
  certificates: ProxyCertificate[];
  /** Proxies that could not be asked. */
  unread: { cluster: string; namespace: string; pod: string; why: string }[];
  problems: SourceProblem[];
}

export interface RootView {
  fingerprint: string;
  subject: string;
  notAfter: string;
  clusters: string[];
}

export interface PrometheusView {
  state: State;
  why?: string;
  /** The Service that is asked, or a URL that was given. */
  source?: string;
  version?: string;
  /** Seconds between two scrapes, where a job has none of its own. */
  scrapeInterval?: number;
  /** Seconds for which it keeps what it has scraped. */
  retention?: number;
  /** Clusters of whose proxies it has series. */
  clusters: string[];
  targets?: { up: number; down: number };
  federation: FederationView[];
}

export interface FederationView {
  /** Job of Prometheus' configuration, as in `federate-west`. */
  job: string;
  target: string;
  /** The cluster it is of, where address or job tells. */
  cluster?: string;
  state: State;
  why?: string;
  lastScrape?: string;
}

/**
 * `remote-secret`: istiod of `from` reads the API of `to`. `control-plane`: proxies of `from` are configured by istiod of `to`.
 * `east-west`: workloads of `from` reach those of `to` through the gateway of `to`. `federation`: Prometheus of `from` takes series of `to`.
 * `trust`: the two check each other's certificates.
 */
export type LinkKind = 'remote-secret' | 'control-plane' | 'east-west' | 'federation' | 'trust';

export interface MeshLink {
  id: string;
  kind: LinkKind;
  from: string;
  to: string;
  state: State;
  /** Always given when the state is not `ok`. */
  why?: string;
  /** What to do, with the command where there is one. */
  fix?: string;
  /** The object that decides it. */
  object?: Omit<ObjectKey, 'apiVersion'>;
  /** When it came into this state, as far as this process has seen. */
  since: string;
}

export interface NameDisagreement {
  /** What the names are of, as in `cluster ID` or `network`. */
  what: string;
  cluster: string;
  values: { where: string; value: string }[];
  why: string;
  fix?: string;
}
