/** Applications, workloads and services: lists over all clusters, and one of them in detail. */
import type { ObjectKey, SourceProblem } from './common.ts';
import type { HealthView, TrafficSum } from './health.ts';
import type { ProxyCertificate } from './mesh.ts';

export interface WorkloadListItem {
  cluster: string;
  namespace: string;
  name: string;
  /** Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or Pod. */
  kind: string;
  app?: string;
  version?: string;
  labels: Record<string, string>;
  istioSidecar: boolean;
  isGateway: boolean;
  podCount: number;
  readyCount: number;
  createdAt?: string;
  serviceAccountNames: string[];
  health: HealthView;
  traffic: TrafficSum;
  /** Config objects that select it or its services. */
  istioReferences: ObjectKey[];
}

export interface AppListItem {
  cluster: string;
  namespace: string;
  name: string;
  istioSidecar: boolean;
  workloads: string[];
  versions: string[];
  labels: Record<string, string>;
  health: HealthView;
  traffic: TrafficSum;
  istioReferences: ObjectKey[];
}

export interface ServiceListItem {
  cluster: string;
  namespace: string;
  name: string;
  type: string;
  ports: { name: string; port: number; protocol: string; appProtocol?: string }[];
  selector: Record<string, string>;
  labels: Record<string, string>;
  istioSidecar: boolean;
  /** Clusters that have a service of this name and namespace, whose endpoints the mesh joins. */
  sameIn: string[];
  serviceRegistry: 'Kubernetes' | 'External';
  health: HealthView;
  traffic: TrafficSum;
  istioReferences: ObjectKey[];
}

export interface WorkloadList {
  workloads: WorkloadListItem[];
  problems: SourceProblem[];
}
export interface AppList {
  applications: AppListItem[];
  problems: SourceProblem[];
}
export interface ServiceList {
  services: ServiceListItem[];
  problems: SourceProblem[];
}

export interface PodView {
  cluster: string;
  namespace: string;
  name: string;
  labels: Record<string, string>;
  createdAt?: string;
  phase: string;
  ready: boolean;
  /** Why it is not ready. */
  reason?: string;
  ip?: string;
  node?: string;
  serviceAccountName?: string;
  containers: {
    name: string;
    image: string;
    ready: boolean;
    restarts: number;
    isProxy: boolean;
    isInit: boolean;
    state: string;
  }[];
  proxyStatus?: ProxyStatus;
  /** Of its proxy; undefined where it has none or it was not read yet. */
  certificate?: ProxyCertificate;
}

/** What istiod sent to the proxy and the proxy has accepted. */
export interface ProxyStatus {
  /** POD.NAMESPACE */
  proxy: string;
  controlPlane: { cluster: string; pod: string };
  version?: string;
  CDS: SyncState;
  LDS: SyncState;
  EDS: SyncState;
  RDS: SyncState;
}
export type SyncState = 'Synced' | 'Stale' | 'NotSent' | 'Unknown';

/** Inbound or outbound traffic of one entity with one peer. */
export interface TrafficPeer {
  direction: 'inbound' | 'outbound';
  cluster: string;
  namespace: string;
  name: string;
  type: 'workload' | 'app' | 'service' | 'unknown';
  version?: string;
  protocol: 'http' | 'grpc' | 'tcp';
  /** Requests (or bytes for TCP) in a second. */
  rate: number;
  /** 0 to 100. */
  errorPercent: number;
  /** 0 to 100; undefined where no server counted. */
  mtlsPercent?: number;
  crossCluster: boolean;
}

export interface WorkloadDetails extends WorkloadListItem {
  annotations: Record<string, string>;
  images: string[];
  pods: PodView[];
  services: { cluster: string; namespace: string; name: string }[];
  peers: TrafficPeer[];
  /** The PeerAuthentication mode in effect, and the object that decides it. */
  mtls: { mode: string; decidedBy?: ObjectKey };
  yaml: string;
  problems: SourceProblem[];
}

export interface AppDetails extends AppListItem {
  workloadItems: WorkloadListItem[];
  services: { cluster: string; namespace: string; name: string }[];
  peers: TrafficPeer[];
  /** The same application in other clusters. */
  elsewhere: { cluster: string; workloads: string[] }[];
  problems: SourceProblem[];
}

export interface ServiceDetails extends ServiceListItem {
  annotations: Record<string, string>;
  addresses: string[];
  externalAddresses: string[];
  endpoints: ServiceEndpoint[];
  workloads: { cluster: string; namespace: string; name: string; version?: string }[];
  peers: TrafficPeer[];
  yaml: string;
  problems: SourceProblem[];
}

/** Of all clusters that have the service. */
export interface ServiceEndpoint {
  cluster: string;
  network?: string;
  address: string;
  ports: { name: string; port: number }[];
  ready: boolean;
  pod?: string;
  workload?: string;
  /** The gateway through which other networks reach it. */
  via?: { cluster: string; name: string; addresses: string[] };
}

/** Kiali's form: series by the name of the chart, as in request_count, request_duration_millis, request_size, tcp_sent. */
export type MetricsMap = Record<string, MetricSeries[]>;

export interface MetricSeries {
  name: string;
  /** Of histograms: `avg`, `0.5`, `0.95`, `0.99`. */
  stat?: string;
  labels: Record<string, string>;
  /** Seconds since 1970, value. */
  datapoints: [number, number][];
}

export interface PodLogs {
  cluster: string;
  namespace: string;
  pod: string;
  container: string;
  entries: {
    timestamp?: string;
    message: string;
    severity?: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
    isAccessLog: boolean;
  }[];
  linesTruncated: boolean;
}

/** Envoy's own configuration: `configDump` is as its admin interface gives it, without the bytes of keys and certificates. */
export interface EnvoyConfig {
  cluster: string;
  namespace: string;
  pod: string;
  configDump: unknown;
  bootstrap: unknown;
  listeners: { address: string; port: number; name: string; match: string; destination: string }[];
  routes: {
    route: string;
    name: string;
    domains: string;
    match: string;
    destination: string;
    virtualService?: string;
  }[];
  clusters: {
    service: string;
    port: number;
    subset: string;
    direction: string;
    type: string;
    destinationRule?: string;
  }[];
  endpoints: {
    cluster: string;
    address: string;
    port: number;
    health: string;
    weight?: number;
    priority: number;
    locality: string;
  }[];
}
