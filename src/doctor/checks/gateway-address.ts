import { kinds, type Service } from '../../kube/index.ts';
import { explainAddress } from '../../mesh/index.ts';
import { type Check, kubectl, objectOf } from '../check.ts';

export const gatewayAddress: Check = {
  code: 'ISM301',
  title: 'gateways of networks have addresses',
  async run({ clusters }) {
    const found = await Promise.all(
      clusters.map(async (cluster) => {
        const services = (await cluster.list<Service>(kinds.Service)).filter(
          (one) => one.metadata.labels?.['topology.istio.io/network'] !== undefined,
        );
        const without = services.filter(
          (one) =>
            !one.status?.loadBalancer?.ingress?.length &&
            !one.spec['externalIPs']?.length &&
            !one.metadata.annotations?.['traffic.istio.io/nodeSelector'],
        );
        return Promise.all(
          without.map(async (service) => {
            const { namespace = '', name = '' } = service.metadata;
            const said = await explainAddress(cluster.client, namespace, name).catch(() => undefined);
            return {
              severity: 'error' as const,
              message: `Service ${cluster.name}/${namespace}/${name}, a gateway of its network, has no address${said ? ` (${said})` : ''}: endpoints behind it are sent as pod addresses, to which nothing leads.`,
              object: objectOf(cluster.name, service, 'Service'),
              fix: `${kubectl(cluster.name, namespace)} describe service ${name}; a load balancer must give it an address, or spec.externalIPs name one`,
            };
          }),
        );
      }),
    );
    return found.flat();
  },
};
