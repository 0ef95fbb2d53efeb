import { kinds, type Secret } from '../../kube/index.ts';
import { type Check, kubectl, objectOf } from '../check.ts';

export const straySecrets: Check = {
  code: 'ISM601',
  title: 'remote secrets lie where istiod reads them',
  async run({ clusters, system }) {
    const found = await Promise.all(
      clusters.map(async (cluster) => {
        const secrets = (await cluster.list<Secret>(kinds.Secret)).filter(
          (one) => one.metadata.labels?.['istio/multiCluster'] === 'true',
        );
        return secrets
          .filter((one) => !cluster.istiod || one.metadata.namespace !== cluster.istiod.metadata.namespace)
          .map((secret) => ({
            severity: 'warning' as const,
            message: cluster.istiod
              ? `Secret ${cluster.name}/${secret.metadata.namespace}/${secret.metadata.name} is labelled as a remote secret and lies outside of ${system}, the only namespace in which istiod looks.`
              : `Secret ${cluster.name}/${secret.metadata.namespace}/${secret.metadata.name} is labelled as a remote secret, and no istiod of ${cluster.name} reads it.`,
            object: objectOf(cluster.name, secret, 'Secret'),
            fix: `move it to ${system} of the cluster whose istiod is to use it, then ${kubectl(cluster.name, secret.metadata.namespace)} delete secret ${secret.metadata.name}`,
          }));
      }),
    );
    return found.flat();
  },
};
