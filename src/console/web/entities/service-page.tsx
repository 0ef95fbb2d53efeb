import { Grid, GridItem, Title } from '@patternfly/react-core';
import type { ServiceDetails, ServiceEndpoint } from '../../api.ts';
import { entityPath } from '../api/client.ts';
import { useApi } from '../api/queries.ts';
import { Answer, Problems } from '../common/answer.tsx';
import { DataTable } from '../common/data-table.tsx';
import { Facts } from '../common/facts.tsx';
import { ClusterLabel, Mark } from '../common/status.tsx';
import { YamlView } from '../config/yaml-editor.tsx';
import { type EntityKey, EntityLink, ObjectLink } from '../shell/links.tsx';
import { useScope } from '../shell/scope.ts';
import { EntityFrame, TabSet } from './entity-frame.tsx';
import { HealthCard } from './health-card.tsx';
import { Labels } from './labels.tsx';
import { MetricsTab } from './metrics-tab.tsx';
import { MiniGraph } from './mini-graph.tsx';
import { TrafficTab } from './traffic-tab.tsx';

export function ServicePage(entity: EntityKey) {
  const { scope } = useScope();
  const service = useApi<ServiceDetails>(
    entityPath(entity.namespace, 'services', entity.name),
    { clusterName: entity.cluster, duration: `${scope.duration}s` },
    ['services', 'pods', 'traffic', 'health', 'config', 'mesh'],
  );
  return (
    <EntityFrame list="Services" path="/services" entity={entity} health={service.data?.health}>
      <Answer of={service}>
        {(data) => (
          <>
            <Problems problems={data.problems} />
            <TabSet
              label={`Parts of ${entity.name}`}
              tabs={[
                { key: 'overview', title: 'Overview', content: () => <Overview service={data} /> },
                {
                  key: 'endpoints',
                  title: `Endpoints (${data.endpoints.length})`,
                  content: () => <Endpoints service={data} />,
                },
                { key: 'traffic', title: 'Traffic', content: () => <TrafficTab peers={data.peers} /> },
                {
                  key: 'in',
                  title: 'Inbound metrics',
                  content: () => <MetricsTab kind="services" entity={entity} direction="inbound" />,
                },
                {
                  key: 'yaml',
                  title: 'YAML',
                  content: () => <YamlView text={data.yaml} label={`YAML of ${data.name}`} />,
                },
              ]}
            />
          </>
        )}
      </Answer>
    </EntityFrame>
  );
}

function Overview({ service }: { service: ServiceDetails }) {
  return (
    <Grid hasGutter>
      <GridItem lg={4} className="ist-stack">
        <Facts
          isHorizontal
          facts={[
            ['Type', service.serviceRegistry === 'External' ? 'ServiceEntry' : service.type],
            ['Addresses', [...service.addresses, ...service.externalAddresses].join(', ')],
            [
              'Ports',
              service.ports.map((port) => (
                <div
                  key={`${port.port}${port.protocol}`}
                >{`${port.port} ${port.name} ${port.appProtocol ?? port.protocol}`}</div>
              )),
            ],
            ['Same service in', service.sameIn.map((name) => <ClusterLabel key={name} name={name} />)],
            [
              'Workloads',
              service.workloads.length > 0 &&
                service.workloads.map((workload) => (
                  <div key={`${workload.cluster}/${workload.name}`}>
                    <EntityLink kind="workloads" entity={workload} />{' '}
                    <span className="ist-quiet">{workload.cluster}</span>
                  </div>
                )),
            ],
            [
              'Configuration',
              service.istioReferences.length > 0 &&
                service.istioReferences.map((object) => (
                  <div key={`${object.kind}${object.name}`}>
                    <ObjectLink object={object} />
                  </div>
                )),
            ],
            [
              'Selects',
              Object.keys(service.selector).length > 0 && <Labels key="selector" labels={service.selector} />,
            ],
            ['Labels', <Labels key="labels" labels={service.labels} />],
          ]}
        />
        <HealthCard health={service.health} />
      </GridItem>
      <GridItem lg={8}>
        <MiniGraph kind="services" entity={service} />
      </GridItem>
    </Grid>
  );
}

/** Of all clusters that have the service: a mesh sends to any of them. */
function Endpoints({ service }: { service: ServiceDetails }) {
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
