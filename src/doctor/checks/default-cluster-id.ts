import type { Check } from '../check.ts';
import { kubectl, objectOf } from '../check.ts';

/** `Kubernetes` is what Istio's charts call a cluster that nobody named; two of them cannot be told apart. */
export const defaultClusterId: Check = {
  code: 'ISM102',
  title: 'clusters of a mesh have names of their own',
  run({ clusters, primaries, system }) {
    if (clusters.length < 2) return [];
    return primaries
      .filter((one) => one.id === 'Kubernetes')
      .map((one) => ({
        severity: 'error' as const,
        message: `istiod of ${one.name} calls its cluster Kubernetes, which is Istio's default name: clusters of one mesh must have names of their own.`,
        object: objectOf(one.name, one.istiod!, 'Pod'),
        fix: `set global.multiCluster.clusterName=${one.name} where istiod is installed from; for now: ${kubectl(one.name, system)} set env deployment/istiod CLUSTER_ID=${one.name}`,
      }));
  },
};
