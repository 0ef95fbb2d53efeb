/**
 * The console's API as types only, for the server and for the browser. Data are those of the observe room (src/observe/types); here is how
 * they are asked for.
 *
 * Lists take `clusters=` and `namespaces=` (comma-separated; without them: all that the user may see), rates take `duration=` (as in 1m,
 * 10m, 1h; at most 24h) and `queryTime=` (seconds since 1970, for the past). One entity is named by its path and `clusterName=`, which may
 * be left out where only one cluster has it. Errors are ApiError with the HTTP status.
 *
 * | method and path | answer |
 * |---|---|
 * | GET /api | ApiRoot |
 * | GET /api/openapi.json | this API as an OpenAPI document |
 * | GET /api/status | StatusInfo, Kiali's |
 * | GET /api/config | ServerConfig, Kiali's |
 * | GET /api/auth/info | AuthInfo |
 * | POST /api/authenticate | SessionInfo; body token=... (form); DELETE /api/logout ends it |
 * | GET /api/auth/openid_redirect | with OpenID Connect: leads to the provider, which leads back to /api/auth/callback; page=, the path to go on with |
 * | GET /api/clusters | ClusterListItem[] |
 * | GET /api/namespaces | NamespaceListItem[] |
 * | GET /api/mesh | MeshView |
 * | GET /api/mesh/graph | MeshGraph, Kiali's form of it |
 * | GET /api/mesh/tls | MeshTls, Kiali's |
 * | GET /api/mesh/certificates | ProxyCertificates: what each proxy shows as its own certificate; clusters, namespaces |
 * | GET /api/doctor | DoctorReport: what `isthmus doctor` finds, kept and renewed when the clusters change |
 * | GET /api/overview | Overview |
 * | GET /api/namespaces/graph | Graph; graphType, boxBy, injectServiceNodes, includeIdleEdges, responseTime=avg|50|95|99, throughputType |
 * | GET /api/namespaces/{ns}/{workloads|applications|services}/{name}/graph | Graph of its neighbours |
 * | GET /api/clusters/health | ClustersHealth |
 * | GET /api/clusters/workloads, /apps, /services | WorkloadList, AppList, ServiceList |
 * | GET /api/namespaces/{ns}/workloads, /apps, /services | the same of one namespace |
 * | GET /api/namespaces/{ns}/health | NamespaceHealth[] , one a cluster |
 * | GET /api/namespaces/{ns}/workloads/{name}, apps/{name}, services/{name} | WorkloadDetails, AppDetails, ServiceDetails |
 * | GET ... /{name}/metrics | MetricsMap; direction=inbound|outbound, duration, step (seconds), byLabels (as in source_cluster) |
 * | GET /api/namespaces/{ns}/pods/{pod} | PodView |
 * | GET /api/namespaces/{ns}/pods/{pod}/logs | PodLogs; container, tailLines (default 500), sinceTime (seconds since 1970) |
 * | GET /api/namespaces/{ns}/pods/{pod}/config_dump | EnvoyConfig |
 * | GET /api/istio/config | IstioConfigList |
 * | GET /api/istio/validations | IstioValidation[] |
 * | GET /api/istio/differences | ConfigDifferences |
 * | GET /api/istio/status | ComponentStatus[], Kiali's |
 * | GET /api/namespaces/{ns}/istio/{group}/{version}/{kind}/{name} | IstioConfigDetails |
 * | PUT the same | ConfigChange; body: the object in YAML or JSON; dryRun=true only shows; 403 without --allow-edit |
 * | DELETE the same | ConfigChange, `after` being empty; dryRun=true only shows |
 * | POST /api/namespaces/{ns}/istio/{group}/{version}/{kind} | ConfigChange, `before` being empty; body: a new object; clusterName is needed; dryRun=true only shows |
 * | GET /api/namespaces/{ns}/services/{name}/wizards | ServiceWizardData: what wizards for it are filled with |
 * | GET /api/istio/kinds/{group}/{version}/{kind} | ConfigKind: its schema in clusterName, or in any cluster |
 * | GET /api/istio/permissions?clusterName=&namespace= | ConfigPermissions: which kinds the viewer may create, change and delete there |
 * | GET /api/explain?from=&to= | Explanation; method, headers=name=value,... |
 * | GET /api/events | EventList; since (seconds since 1970), limit |
 * | GET /api/events/stream | server-sent events, each `data:` one StreamMessage, `id:` its number |
 */
import type { HealthView, MeshEvent, NamespaceHealth, SourceProblem } from '../observe/types/index.ts';

export type * from '../observe/types/index.ts';

export interface ApiError {
  /** Kiali's field: one sentence. */
  error: string;
  /** Stable, as in console.forbidden. */
  code: string;
  where?: string;
  why?: string;
  fix?: string;
}

export interface ApiRoot {
  name: 'isthmus';
  version: string;
  openapi: string;
}

export interface ClusterListItem {
  name: string;
  accessible: boolean;
  reason?: string;
  lastSeen?: string;
  network?: string;
  apiEndpoint?: string;
}

export interface NamespaceListItem {
  name: string;
  cluster: string;
  isControlPlane: boolean;
  isAmbient: boolean;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** Kiali's /api/status. */
export interface StatusInfo {
  status: Record<string, string>;
  externalServices: { name: string; version?: string; url?: string; cluster?: string }[];
  warningMessages: string[];
}

/** Kiali's status of mutual TLS: MTLS_ENABLED, MTLS_NOT_ENABLED or MTLS_DISABLED. */
export interface MeshTls {
  status: string;
  autoMTLSEnabled: boolean;
  /** `N/A` where no control plane sets it. */
  minTLS: string;
}

/** Kiali's words for the status: Healthy, Unhealthy, NotFound, Unreachable. */
export interface ComponentStatus {
  cluster: string;
  namespace: string;
  name: string;
  status: string;
  isCore: boolean;
}

/**
 * The last three are Kiali's form, by namespace, then by name, and are there when asked for as Kiali is: with `clusterName` (one cluster) or `type`
 * (app, service or workload: only that one). Of what several clusters have under one name, the worse is told.
 */
export interface ClustersHealth {
  namespaces: NamespaceHealth[];
  namespaceAppHealth?: Record<string, Record<string, HealthView>>;
  namespaceServiceHealth?: Record<string, Record<string, HealthView>>;
  namespaceWorkloadHealth?: Record<string, Record<string, HealthView>>;
  problems: SourceProblem[];
}

/** Kiali's /api/config, in the fields that mean something here. */
export interface ServerConfig {
  /** --allow-edit was given. */
  allowEdit: boolean;
  clusters: Record<string, ClusterListItem>;
  istioNamespaces: Record<string, string>;
  healthConfig: { rate: HealthRate[] };
  /** Seconds: the longest interval and the shortest retention of the clusters, so that what fits them fits all; left out where none tells. */
  prometheus: { globalScrapeInterval?: number; storageTsdbRetention?: number };
  /** Seconds; ranges that pages offer. */
  durations: number[];
  version: string;
}

export interface HealthRate {
  tolerance: { code: string; protocol: string; direction: string; degraded: number; failure: number }[];
}

export interface AuthInfo {
  strategy: 'anonymous' | 'token' | 'openid';
  sessionInfo?: SessionInfo;
  /** Where the browser goes to sign in by OpenID Connect. */
  authorizationEndpoint?: string;
}

export interface SessionInfo {
  username: string;
  expiresOn?: string;
}

/** What `isthmus doctor` finds, as far as the viewer may see the objects that it is about. Codes are those of docs/doctor.md. */
export interface DoctorReport {
  /** When the clusters were read for this. */
  examinedAt: string;
  /** Something has changed since, and they are being read again; the stream tells when that is done. */
  running: boolean;
  /** No error and no warning was found, and all could be read. */
  healthy: boolean;
  counts: { error: number; warning: number; info: number };
  /** Clusters that could be read. */
  examined: string[];
  /** Errors first. */
  findings: DoctorFinding[];
  /** Every check: `found` has findings, `unknown` could not be run. */
  checks: { code: string; title: string; state: 'passed' | 'found' | 'unknown'; why?: string }[];
  /** What could not be read, and so was not judged. */
  unread: { cluster: string; what: string; why: string }[];
}

export interface DoctorFinding {
  /** The same as long as the same is wrong with the same object. */
  id: string;
  code: string;
  severity: 'error' | 'warning' | 'info';
  /** What would hold if it were not there, as in `remote secrets lie where istiod reads them`. */
  title: string;
  /** What is wrong and what follows from it. */
  message: string;
  /** Where: the object that is to be mended; the cluster by its name in the mesh. */
  object?: { cluster: string; kind: string; namespace?: string; name: string };
  /** What to do, with the command where there is one. */
  fix?: string;
  /** When this server has first seen it. */
  since: string;
}

/** Of one namespace of one cluster, each list by kind, as in `VirtualService`. All are empty where the console only reads. */
export interface ConfigPermissions {
  cluster: string;
  namespace: string;
  create: string[];
  update: string[];
  delete: string[];
  /** Why they are empty, or which are missing in this cluster. */
  why?: string;
}

/** A kind of configuration, for the completion of a text that is to become an object. */
export interface ConfigKind {
  group: string;
  version: string;
  kind: string;
  plural: string;
  /** Whose schema it is. */
  cluster: string;
  /** openAPIV3Schema of its CustomResourceDefinition; left out where it cannot be read. */
  schema?: Record<string, unknown>;
}

/** Kiali's mesh graph: infrastructure as nodes, boxed by cluster and namespace. */
export interface MeshGraph {
  timestamp: number;
  elements: {
    nodes: { data: MeshGraphNode }[];
    edges: { data: { id: string; source: string; target: string } & Record<string, unknown> }[];
  };
}
export interface MeshGraphNode {
  id: string;
  parent?: string;
  nodeType: 'box' | 'infra';
  infraType: 'cluster' | 'namespace' | 'istiod' | 'dataplane' | 'gateway' | 'metricStore';
  infraName: string;
  cluster: string;
  namespace: string;
  isBox?: 'cluster' | 'namespace';
  isInaccessible?: true;
  version?: string;
  healthData?: string;
  infraData?: unknown;
}

/**
 * What the stream says. Data are not in it: a page asks again for what has changed, which is then cheap. `changed` names what the change
 * touches; several changes of a moment come as one message.
 */
export type StreamMessage =
  | { type: 'hello'; serverTime: string; clusters: string[] }
  | {
      type: 'changed';
      scopes: StreamScope[];
      where: { cluster: string; namespace?: string; kind?: string; name?: string }[];
    }
  | { type: 'event'; event: MeshEvent }
  /** New measurements are there: rates may have changed. */
  | { type: 'traffic'; time: string }
  | { type: 'ping' };

export type StreamScope =
  | 'mesh'
  | 'clusters'
  | 'namespaces'
  | 'workloads'
  | 'services'
  | 'config'
  | 'health'
  | 'pods'
  | 'doctor';
