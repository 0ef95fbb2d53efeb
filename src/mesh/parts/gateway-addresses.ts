import type { KubeObject } from '../../kube/index.ts';
import { hasGateway } from '../../spec/index.ts';
import { type Part, systemNamespace } from '../part.ts';
import { waitForAddress } from '../predicates.ts';

export const gatewayName = 'istio-eastwestgateway';

/** Labels by which Istio knows the gateway of a network. */
export const gatewayLabels = (network: string) => ({
  istio: 'eastwestgateway',
  app: gatewayName,
  'topology.istio.io/network': network,
});

/** The Service of the east-west gateway: its address is needed before the gateway itself can run. */
export const gatewayAddresses: Part = {
  name: 'gateway-addresses',
  applies: hasGateway,
  needs: (_, cluster) => [
    { part: 'namespaces', cluster: cluster.name },
    ...(cluster.loadBalancerRange ? [{ part: 'load-balancer', cluster: cluster.name }] : []),
  ],
  desired: (context) => {
    const port = (name: string, number: number) => ({ name, port: number, targetPort: number, protocol: 'TCP' });
    const { network, name: cluster } = context.cluster;
    return [
      {
        cluster,
        fits: (existing) => whyNoGateway(existing, network),
        object: {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: gatewayName, namespace: systemNamespace, labels: gatewayLabels(network) },
          spec: {
            type: 'LoadBalancer',
            selector: { istio: 'eastwestgateway', app: gatewayName },
            ports: [
              port('status-port', 15_021),
              port('tls', 15_443),
              port('tls-istiod', 15_012),
              port('tls-webhook', 15_017),
            ],
          },
        },
      },
    ];
  },
  ready: async (context) => void (await waitForAddress(context, context.cluster.name, systemNamespace, gatewayName)),
};

/** What keeps somebody else's Service from being the way into a network. */
export function whyNoGateway(service: KubeObject, network: string): string | undefined {
  const stated = service.metadata.labels?.['topology.istio.io/network'];
  if (stated !== network)
    return `its label topology.istio.io/network is ${stated ?? 'missing'}, and the cluster's network is ${network}`;
  const ports: any[] = service['spec']?.ports ?? [];
  return ports.some(({ port }) => port === 15_443)
    ? undefined
    : 'it has no port 15443, by which other networks come in';
}
