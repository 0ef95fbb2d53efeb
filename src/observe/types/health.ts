import type { HealthStatus, NamespaceKey, SourceProblem } from './common.ts';

/** Requests in a second by protocol, then by code; `-` is no response. */
export type RequestRates = Record<string, Record<string, number>>;

export interface WorkloadStatus {
  name: string;
  desiredReplicas: number;
  currentReplicas: number;
  availableReplicas: number;
  /** -1 where istiod's view is not known. */
  syncedProxies: number;
}

/** Kiali's form, with the verdict beside it. */
export interface HealthView {
  requests: { inbound: RequestRates; outbound: RequestRates; healthAnnotations: Record<string, string> };
  workloadStatus?: WorkloadStatus;
  workloadStatuses?: WorkloadStatus[];
  status: HealthStatus;
  /** Why the status is not Healthy, one sentence each. */
  reasons: string[];
}

export interface NamespaceHealth extends NamespaceKey {
  status: HealthStatus;
  appHealth: Record<string, HealthView>;
  serviceHealth: Record<string, HealthView>;
  workloadHealth: Record<string, HealthView>;
}

export type StatusCounts = Record<HealthStatus, number>;

export interface Overview {
  timestamp: string;
  /** Seconds over which rates are taken. */
  duration: number;
  clusters: {
    name: string;
    reachable: boolean;
    reason?: string;
    lastSeen?: string;
    status: HealthStatus;
    workloads: StatusCounts;
    services: StatusCounts;
    apps: StatusCounts;
    traffic: TrafficSum;
  }[];
  namespaces: (NamespaceKey & {
    status: HealthStatus;
    injection: 'enabled' | 'disabled' | 'none';
    /** Namespace-wide or mesh-wide PeerAuthentication in effect. */
    mtls: 'STRICT' | 'PERMISSIVE' | 'DISABLE';
    isControlPlane: boolean;
    workloads: StatusCounts;
    services: StatusCounts;
    apps: StatusCounts;
    traffic: TrafficSum;
    validations: { errors: number; warnings: number; objects: number };
  })[];
  /** Requests in a second between clusters; the same cluster twice is what stays inside. */
  crossing: { from: string; to: string; rate: number; errorRate: number }[];
  links: { ok: number; degraded: number; broken: number; unknown: number };
  slowest: { cluster: string; namespace: string; service: string; p95: number }[];
  failing: { cluster: string; namespace: string; service: string; rate: number; errorRate: number }[];
  problems: SourceProblem[];
}

/** Requests in a second, and how many of them failed (5xx, gRPC errors, no response); bytes in a second for TCP. */
export interface TrafficSum {
  inbound: number;
  inboundErrors: number;
  outbound: number;
  outboundErrors: number;
  tcpIn: number;
  tcpOut: number;
}
