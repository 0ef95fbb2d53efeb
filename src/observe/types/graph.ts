/** The traffic graph in Kiali's own JSON form, with fields of ours for what Kiali does not know; those are named in the comments. */
import type { HealthStatus, SourceProblem } from './common.ts';
import type { HealthView } from './health.ts';

export type GraphType = 'app' | 'service' | 'versionedApp' | 'workload';
export type BoxBy = 'cluster' | 'namespace' | 'app';

export interface Graph {
  /** Seconds since 1970, of the end of the range. */
  timestamp: number;
  /** Seconds. */
  duration: number;
  graphType: GraphType;
  elements: { nodes: { data: GraphNode }[]; edges: { data: GraphEdge }[] };
  /** Ours: what could not be asked. The graph is of the rest. */
  problems: SourceProblem[];
}

export interface GraphNode {
  id: string;
  /** The box it is in. */
  parent?: string;
  nodeType: 'app' | 'box' | 'service' | 'unknown' | 'workload';
  isBox?: BoxBy;
  cluster: string;
  namespace: string;
  workload?: string;
  app?: string;
  version?: string;
  service?: string;
  destServices?: { cluster: string; namespace: string; name: string }[];
  labels?: Record<string, string>;
  healthData: HealthView | null;
  healthStatus?: HealthStatus;
  /** Rates are decimal numbers as text: httpIn, httpIn3xx, httpIn4xx, httpIn5xx, httpInNoResponse, httpOut, grpcIn, grpcInErr, grpcOut, tcpIn, tcpOut. */
  traffic?: { protocol: string; rates: Record<string, string> }[];
  hasCB?: true;
  hasFaultInjection?: true;
  hasMirroring?: true;
  hasRequestRouting?: true;
  hasRequestTimeout?: true;
  hasTCPTrafficShifting?: true;
  hasTrafficShifting?: true;
  hasVS?: { hostnames: string[] };
  isDead?: true;
  isGateway?: { ingressInfo?: { hostnames: string[] }; egressInfo?: { hostnames: string[] } };
  isIdle?: true;
  isInaccessible?: true;
  isInjected?: true;
  isOutOfMesh?: true;
  isOutside?: true;
  isRoot?: true;
  isServiceEntry?: { hosts: string[]; location: string; namespace: string };
  /** Ours, of a cluster's box: the API server gives no answer, and why. */
  unreachable?: string;
  /** Ours, of a box of a cluster. */
  network?: string;
  /** Ours: reasons why the cluster of a destination is not known. */
  why?: string;
}

export interface GraphEdge {
  id: string;
  source: string;
  target: string;
  sourcePrincipal?: string;
  destPrincipal?: string;
  /** Percentage of requests over mutual TLS, as text. */
  isMTLS?: string;
  /** Milliseconds, as text. */
  responseTime?: string;
  /** Bytes in a second, as text. */
  throughput?: string;
  healthStatus: HealthStatus;
  traffic: {
    protocol: 'http' | 'grpc' | 'tcp';
    /** http, http3xx, http4xx, http5xx, httpNoResponse, httpPercentErr, httpPercentReq; grpc, grpcErr, ...; tcp: bytes in a second. */
    rates: Record<string, string>;
    /** Percentages as text by code, then by flag or host. */
    responses: Record<string, { flags: Record<string, string>; hosts: Record<string, string> }>;
  };
  /** Ours: the ends are in different clusters. */
  crossCluster?: true;
  /** Ours: the ends are on different networks; the gateway that is passed. */
  crossNetwork?: {
    from: string;
    to: string;
    gateway?: { cluster: string; namespace: string; name: string; addresses: string[] };
  };
  /** Ours: what each side counted, in requests (or bytes) in a second; a difference between clusters is loss on the way, or a scrape that failed. */
  reporters?: { source?: number; destination?: number };
  /** Ours: the way is known to be broken now, and why. */
  broken?: string;
}
