import { kinds, type Service } from '../../kube/index.ts';
import { type Check, kubectl, objectOf } from '../check.ts';

/** istiod only warns in its log, and goes on without the gateway. */
export const gatewayPort: Check = {
  code: 'ISM401',
  title: 'gateways of networks list the port of mutual TLS',
  async run({ clusters }) {
    const found = await Promise.all(
      clusters.map(async (cluster) =>
        (await cluster.list<Service>(kinds.Service)).flatMap((service) => {
          const labels = service.metadata.labels ?? {};
          if (labels['topology.istio.io/network'] === undefined) return [];
          const port = Number(labels['networking.istio.io/gatewayPort'] ?? 15_443);
          const ports: number[] = (service.spec['ports'] ?? []).map((one: any) => one.port);
          if (ports.includes(port) || ports.includes(15_008)) return [];
          const { namespace, name } = service.metadata;
          return [
            {
              severity: 'error' as const,
              message: `Service ${cluster.name}/${namespace}/${name} is labelled as the gateway of ${labels['topology.istio.io/network']} and has no port ${port} (it has ${ports.join(', ') || 'none'}): istiod leaves it out.`,
              object: objectOf(cluster.name, service, 'Service'),
              fix: `${kubectl(cluster.name, namespace)} patch service ${name} --type=json -p '[{"op":"add","path":"/spec/ports/-","value":{"name":"tls","port":${port},"targetPort":${port}}}]'`,
            },
          ];
        }),
      ),
    );
    return found.flat();
  },
};
