import { stringify } from 'yaml';
import { kinds } from '../../kube/index.ts';
import { type DesiredObject, here, type Part, type PartContext } from '../part.ts';

const namespace = 'metallb-system';
const poolName = 'default';

/**
 * Addresses that the cluster's load balancer may give out. MetalLB from 0.13 on reads IPAddressPool objects only, and ones before it the
 * ConfigMap of the tutorial only: which of them it is shows in whether the kind is served.
 */
export const loadBalancer: Part = {
  name: 'load-balancer',
  applies: (_, cluster) => cluster.loadBalancerRange !== undefined,
  needs: () => [],
  async desired(context) {
    const definition = `${kinds.IPAddressPool.plural}.${kinds.IPAddressPool.group}`;
    const served = await context.client.find(kinds.CustomResourceDefinition, definition);
    return here(context, [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      ...(served ? poolObjects(context) : [poolConfigMap(context)]),
    ]);
  },
  ready: async () => {},
};

function poolConfigMap({ cluster }: PartContext): DesiredObject {
  const pools = {
    'address-pools': [{ name: poolName, protocol: 'layer2', addresses: [cluster.loadBalancerRange] }],
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'config', namespace },
    data: { config: stringify(pools) },
  };
}

function poolObjects({ cluster }: PartContext): DesiredObject[] {
  const apiVersion = 'metallb.io/v1beta1';
  const metadata = { name: poolName, namespace };
  return [
    { apiVersion, kind: 'IPAddressPool', metadata, spec: { addresses: [cluster.loadBalancerRange] } },
    { apiVersion, kind: 'L2Advertisement', metadata, spec: { ipAddressPools: [poolName] } },
  ];
}
