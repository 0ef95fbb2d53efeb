import type { KubeConnection } from '../kube/index.ts';
import type { ClusterProvider } from '../spec/index.ts';
import type { Reach } from './reach.ts';

/** A cluster that is there: how we reach it, how other clusters reach it, and the addresses that belong to it. */
export interface ProvidedCluster {
  name: string;
  /** For this machine. */
  connection: KubeConnection;
  /** The API server's address as other clusters see it; never 127.0.0.1 where the two differ. */
  internalServer: string;
  nodeAddress?: string | undefined;
  podRange?: string | undefined;
  serviceRange?: string | undefined;
  loadBalancerRange?: string | undefined;
  provider: ClusterProvider['type'];
}

export interface ProvidedClusters {
  clusters: ProvidedCluster[];
  /** Whether something was started; false when everything was already there. */
  started: boolean;
  /** Which of them reach the API servers of which others, as far as it is known. */
  reach?: Reach[];
}
