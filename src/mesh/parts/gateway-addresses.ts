import { hasGateway } from '../../spec/index.ts';
import { here, type Part, systemNamespace } from '../part.ts';
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
    return here(context, [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: gatewayName, namespace: systemNamespace, labels: gatewayLabels(context.cluster.network) },
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
    ]);
  },
  ready: async (context) => void (await waitForAddress(context, context.cluster.name, systemNamespace, gatewayName)),
};
