import { kinds } from '../../kube/index.ts';
import { type Check, kubectl } from '../check.ts';

/** Without it istiod writes neither the root's ConfigMaps nor the caBundle of webhooks into the remote. */
export const controlPlaneAnnotation: Check = {
  code: 'ISM504',
  title: 'remotes name the control plane that may write into them',
  async run({ clusters, primaries, system }) {
    const ids = primaries.map((one) => one.id);
    if (ids.length === 0) return [];
    const found = await Promise.all(
      clusters.map(async (cluster) => {
        if (cluster.istiod) return [];
        const namespace = await cluster.find(kinds.Namespace, system);
        if (!namespace) return [];
        const written = namespace.metadata.annotations?.['topology.istio.io/controlPlaneClusters'] ?? '';
        const named = written.split(',').map((one) => one.trim());
        if (named.includes('*') || named.some((one) => ids.includes(one))) return [];
        return [
          {
            severity: 'error' as const,
            message: `Namespace ${system} of ${cluster.name} ${written ? `names ${written} as its control plane, which is none of ${ids.join(', ')}` : 'does not name its control plane'}: istiod writes neither its root certificate nor the webhook's caBundle there, and new pods hang in ContainerCreating.`,
            object: { cluster: cluster.name, kind: 'Namespace', name: system },
            fix: `${kubectl(cluster.name)} annotate namespace ${system} topology.istio.io/controlPlaneClusters=${ids[0]} --overwrite`,
          },
        ];
      }),
    );
    return found.flat();
  },
};
