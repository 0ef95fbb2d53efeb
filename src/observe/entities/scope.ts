/** What a list is of. */

import type { HealthReader } from '../health/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { NamespaceKey, SourceProblem } from '../types/index.ts';

export interface Scope {
  clusters: ClusterModel[];
  /** Whether the reader asked for it, and may see it. */
  isWanted: (where: NamespaceKey) => boolean;
  /** Whether it may be named beside what was asked for. */
  isSeen: (where: NamespaceKey) => boolean;
  health: HealthReader;
  problems: SourceProblem[];
}

/** Pairs of a cluster and a namespace in it that are wanted. */
export function wantedNamespaces({ clusters, isWanted }: Pick<Scope, 'clusters' | 'isWanted'>) {
  return clusters.flatMap((cluster) =>
    cluster
      .list('Namespace')
      .map((one) => ({ cluster, namespace: one.metadata.name ?? '' }))
      .filter(({ namespace }) => isWanted({ cluster: cluster.name, namespace })),
  );
}
