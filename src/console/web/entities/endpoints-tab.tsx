import { Title } from '@patternfly/react-core';
import type { ServiceDetails, ServiceEndpoint } from '../../api.ts';
import { DataTable } from '../common/data-table.tsx';
import { ClusterLabel, Mark } from '../common/status.tsx';
import { EntityLink } from '../shell/links.tsx';

/** Of all clusters that have the service: a mesh sends to any of them. */
export function EndpointsTab({ service }: { service: ServiceDetails }) {
  return (
    <>
      <Title headingLevel="h2" size="lg">
        Endpoints in all clusters
      </Title>
      <DataTable<ServiceEndpoint>
        label="Endpoints"
        rows={service.endpoints}
        idOf={(endpoint) => `${endpoint.cluster}/${endpoint.address}`}
        nothing="No endpoints: nothing answers for this service"
        sortedBy={{ column: 1 }}
        columns={[
          {
            title: 'State',
            cell: (one) => <Mark tone={one.ready ? 'good' : 'warn'} text={one.ready ? 'ready' : 'not ready'} />,
            sort: (one) => Number(one.ready),
          },
          { title: 'Cluster', cell: (one) => <ClusterLabel name={one.cluster} />, sort: (one) => one.cluster },
          { title: 'Network', cell: (one) => one.network ?? '–', sort: (one) => one.network ?? '' },
          { title: 'Address', cell: (one) => one.address, sort: (one) => one.address },
          { title: 'Ports', cell: (one) => one.ports.map((port) => `${port.port} ${port.name}`).join(', ') },
          {
            title: 'Workload',
            cell: (one) =>
              one.workload ? (
                <EntityLink
                  kind="workloads"
                  entity={{ cluster: one.cluster, namespace: service.namespace, name: one.workload }}
                />
              ) : (
                (one.pod ?? '–')
              ),
            sort: (one) => one.workload ?? '',
          },
          {
            title: 'Reached from other networks through',
            cell: (one) =>
              one.via
                ? `${one.via.cluster}/${one.via.name} at ${one.via.addresses.join(', ') || 'no address'}`
                : 'directly',
          },
        ]}
      />
    </>
  );
}
