import { stringify } from 'yaml';
import { here, type Part } from '../part.ts';

/** Addresses that the cluster's load balancer may give out, in the form of the tutorial: MetalLB's ConfigMap. */
export const loadBalancer: Part = {
  name: 'load-balancer',
  applies: (_, cluster) => cluster.loadBalancerRange !== undefined,
  needs: () => [],
  desired: (context) => {
    const pools = {
      'address-pools': [{ name: 'default', protocol: 'layer2', addresses: [context.cluster.loadBalancerRange] }],
    };
    return here(context, [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'metallb-system' } },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'config', namespace: 'metallb-system' },
        data: { config: stringify(pools) },
      },
    ]);
  },
  ready: async () => {},
};
