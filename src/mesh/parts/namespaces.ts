import { here, type Part, systemNamespace } from '../part.ts';

/** istio-system, which says the cluster's network and, in a remote, who its control plane is. */
export const namespaces: Part = {
  name: 'namespaces',
  applies: () => true,
  needs: () => [],
  desired: (context) => {
    const { network, role, primary } = context.cluster;
    const annotations = role === 'remote' ? { annotations: { 'topology.istio.io/controlPlaneClusters': primary } } : {};
    return here(context, [
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: systemNamespace, labels: { 'topology.istio.io/network': network }, ...annotations },
      },
    ]);
  },
  ready: async () => {},
};
