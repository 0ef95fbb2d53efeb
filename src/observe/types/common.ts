/** What several answers share. Everything here is plain data that a browser reads as well; times are ISO 8601 unless a name says otherwise. */

/** A namespace, or an object in it, exists in a cluster: there is no home cluster, and no name stands alone. */
export interface NamespaceKey {
  cluster: string;
  namespace: string;
}

export interface ObjectKey extends NamespaceKey {
  /** As in `networking.istio.io/v1`. */
  apiVersion: string;
  kind: string;
  name: string;
}

/** `unknown` says that it could not be measured, and the reason beside it says why. */
export type State = 'ok' | 'degraded' | 'broken' | 'unknown';

/** A cluster or a source of data that could not be asked; the rest of the answer is whole. */
export interface SourceProblem {
  cluster: string;
  source: 'api' | 'prometheus' | 'istiod' | 'proxy';
  why: string;
  /** When it last answered; undefined if it never did. */
  lastSeen?: string;
}

/** Kiali's, from good to bad, with NA for what has neither traffic nor pods. */
export type HealthStatus = 'NA' | 'Healthy' | 'Not Ready' | 'Degraded' | 'Failure';
