/**
 * What `explain` answers: the way of one request, step by step, each with the objects that decide it. Only types are here, so that a
 * browser can use them.
 */

export interface ObjectReference {
  /** Name of the cluster as the caller knows it (a context's name), not Istio's cluster ID. */
  cluster: string;
  kind: string;
  namespace?: string;
  name: string;
}

/** An object that decides a step, and what it says. */
export interface Decision extends ObjectReference {
  /** As in `spec.http[0]`. */
  field?: string;
  says: string;
}

export type DeviationSeverity = 'error' | 'warning' | 'info';

/** Stable names of what can be wrong on the way of a request; docs/explain.md lists them. */
export type DeviationCode =
  | 'authorization-denied'
  | 'capture-excluded'
  | 'certificate-expired'
  | 'certificate-missing'
  | 'certificate-other-root'
  | 'config-not-read'
  | 'config-overruled'
  | 'endpoint-ejected'
  | 'endpoint-missing'
  | 'endpoint-not-ready'
  | 'fault-injected'
  | 'gateway-address-missing'
  | 'gateway-missing'
  | 'gateway-no-chain'
  | 'gateway-not-running'
  | 'gateway-unreachable'
  | 'host-not-in-cluster'
  | 'host-unknown'
  | 'no-endpoints'
  | 'no-healthy-endpoint'
  | 'no-listener-chain'
  | 'policy-not-enforced'
  | 'port-name-differs'
  | 'port-not-declared'
  | 'protocol-undeclared'
  | 'proxy-not-connected'
  | 'proxy-not-synced'
  | 'proxy-unreadable'
  | 'remote-not-synced'
  | 'route-cluster-missing'
  | 'route-no-match'
  | 'san-mismatch'
  | 'sidecar-missing'
  | 'subset-empty'
  | 'subset-not-defined'
  | 'tls-clash';

export interface Deviation {
  code: DeviationCode;
  severity: DeviationSeverity;
  /** What is wrong and why, in whole sentences. */
  message: string;
  object?: ObjectReference;
  /** What to do, with the exact command where there is one. */
  fix?: string;
}

export type StepKind =
  | 'client'
  | 'name'
  | 'listener'
  | 'route'
  | 'cluster'
  | 'endpoints'
  | 'tls'
  | 'gateway'
  | 'inbound'
  | 'authorization'
  | 'application';

/** Where a step happens. */
export interface Place {
  cluster: string;
  namespace?: string;
  pod?: string;
}

export interface Step {
  kind: StepKind;
  at: Place;
  /** One line: what happens. */
  title: string;
  /** More lines: why, and with which settings. */
  details: string[];
  /** The resource of Envoy that was read, where one was. */
  envoy?: { resource: 'listener' | 'route' | 'cluster' | 'endpoint' | 'secret'; name: string };
  decisions: Decision[];
  deviations: Deviation[];
}

/** How a way ends. `answered`: a proxy answers by itself, as configured (redirect, direct response). */
export interface End {
  result: 'reaches' | 'answered' | 'fails' | 'unknown';
  text: string;
  /** The status that an HTTP client sees; 0 when the connection is closed without one. */
  status?: number;
  /** Envoy's response flag, as in access logs: UH, UF, NR, NC ... */
  flag?: string;
  /** The client's proxy tries again at another endpoint, so that this may not be seen by the client. */
  retried?: boolean;
}

/** A way, or a part of one: steps in their order, then either an end or several further ways. */
export interface Branch {
  /** What sets this way apart from its sisters. */
  label: string;
  /** Share of the requests that come to the fork, 0 to 1. */
  share: number;
  steps: Step[];
  branches: Branch[];
  end?: End;
}

export interface ExplainedClient extends Place {
  namespace: string;
  pod: string;
  workload: string;
  serviceAccount: string;
  /** Istio's ID of the cluster. */
  clusterId: string;
  network: string;
  hasProxy: boolean;
}

export interface ExplainedDestination {
  /** As it was given. */
  written: string;
  scheme: 'http' | 'https' | 'tcp';
  host: string;
  port: number;
  path: string;
  method: string;
  /** The full name of the service, where the host is one. */
  hostname?: string;
}

export interface Explanation {
  from: ExplainedClient;
  to: ExplainedDestination;
  path: Branch;
  /** Shares of all requests by how they end; together 1. */
  shares: Record<End['result'], number>;
  outcome: 'reaches' | 'partly' | 'fails' | 'answered' | 'unknown';
  /** One sentence. */
  summary: string;
  /** All of the steps' deviations, the worst first, each once. */
  deviations: Deviation[];
  /** What could not be read, and so is not in the answer. */
  unread: { cluster: string; what: string; why: string }[];
}
