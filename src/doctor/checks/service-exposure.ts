import { kinds, type Service } from '../../kube/index.ts';
import { type Check, kubectl, objectOf } from '../check.ts';

/** Gateways are read where istiod runs; one there is for the gateways of all its clusters. */
export const serviceExposure: Check = {
  code: 'ISM402',
  title: 'gateways of networks pass services on by SNI',
  async run({ primaries, clusters, system }) {
    const services = (await Promise.all(clusters.map((one) => one.list<Service>(kinds.Service)))).flat();
    if (!services.some((one) => one.metadata.labels?.['topology.istio.io/network'] !== undefined)) return [];
    const found = await Promise.all(
      primaries.map(async (primary) => {
        const gateways = await primary.list(kinds.Gateway);
        const servers = gateways.flatMap((gateway) =>
          ((gateway['spec']?.servers ?? []) as any[])
            .filter((one) => Number(one.port?.number) === 15_443)
            .map((server) => ({ gateway, server })),
        );
        if (servers.length === 0)
          return [
            {
              severity: 'error' as const,
              message: `No Gateway of ${primary.name} has a server on port 15443: gateways between networks pass no service on.`,
              object: { cluster: primary.name, kind: 'Gateway', namespace: system, name: 'cross-network-gateway' },
              fix: `${kubectl(primary.name, system)} apply -f samples/multicluster/expose-services.yaml (of Istio's release), or isthmus up`,
            },
          ];
        return servers
          .filter(({ server }) => server.tls?.mode !== 'AUTO_PASSTHROUGH')
          .map(({ gateway, server }) => ({
            severity: 'error' as const,
            message: `Gateway ${primary.name}/${gateway.metadata.namespace}/${gateway.metadata.name} ends TLS on port 15443 (mode ${server.tls?.mode ?? 'none'}): clients then meet the gateway's name where they expect the workload's.`,
            object: objectOf(primary.name, gateway, 'Gateway'),
            fix: `${kubectl(primary.name, gateway.metadata.namespace)} edit gateway ${gateway.metadata.name}, and set tls.mode to AUTO_PASSTHROUGH`,
          }));
      }),
    );
    return found.flat();
  },
};
