import { kinds, type Service } from '../../kube/index.ts';
import { type Check, kubectl, objectOf } from '../check.ts';

/** Of a service in several clusters the first says what its ports are, and endpoints are joined by the port's name. */
export const servicePorts: Check = {
  code: 'ISM702',
  title: 'services have the same ports in all clusters',
  async run({ clusters, primaries, system }) {
    if (clusters.length < 2) return [];
    const order = [...primaries, ...clusters.filter((one) => !primaries.includes(one))];
    const all = (
      await Promise.all(
        order.map(async (cluster) =>
          (await cluster.list<Service>(kinds.Service)).map((service) => ({ cluster, service })),
        ),
      )
    ).flat();
    // Istio's own and Kubernetes' differ from cluster to cluster by design.
    const own = all.filter(
      ({ service }) =>
        service.metadata.namespace !== system &&
        !(service.metadata.namespace === 'default' && service.metadata.name === 'kubernetes') &&
        service.metadata.namespace !== 'kube-system',
    );
    const groups = Map.groupBy(own, ({ service }) => `${service.metadata.namespace}/${service.metadata.name}`);
    return [...groups].flatMap(([name, [first, ...others]]) =>
      others.flatMap(({ cluster, service }) => {
        const lost = ((service.spec['ports'] ?? []) as any[]).filter(
          (port) =>
            !(first!.service.spec['ports'] ?? []).some(
              (one: any) => one.port === port.port && (one.name ?? '') === (port.name ?? ''),
            ),
        );
        if (lost.length === 0) return [];
        const text = (ports: any[]) => ports.map((one) => `${one.port} (${one.name ?? 'no name'})`).join(', ');
        return [
          {
            severity: 'warning' as const,
            message: `Service ${name} has ${text(lost)} in ${cluster.name} and ${text(first!.service.spec['ports'] ?? [])} in ${first!.cluster.name}, which holds for the mesh: endpoints of ${cluster.name} on those ports are left out.`,
            object: objectOf(cluster.name, service, 'Service'),
            beside: [objectOf(first!.cluster.name, first!.service, 'Service')],
            fix: `${kubectl(cluster.name, service.metadata.namespace)} edit service ${service.metadata.name}`,
          },
        ];
      }),
    );
  },
};
