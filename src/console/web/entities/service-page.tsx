import type { ServiceDetails } from '../../api.ts';
import { ClusterLabel } from '../common/status.tsx';
import { CreateMenu } from '../create/create-menu.tsx';
import type { EntityKey } from '../shell/links.tsx';
import { EndpointsTab } from './endpoints-tab.tsx';
import { EntityOverview, EntityPage, entityLinks, objectLinks, yamlTab } from './entity-page.tsx';
import { Labels } from './labels.tsx';

export function ServicePage(entity: EntityKey) {
  return (
    <EntityPage<ServiceDetails>
      kind="services"
      entity={entity}
      topics={['services', 'pods', 'mesh']}
      calls={false}
      actions={<CreateMenu namespace={entity.namespace} service={entity.name} />}
      overview={(data) => <Overview service={data} />}
      tabs={(data) => [
        {
          key: 'endpoints',
          title: `Endpoints (${data.endpoints.length})`,
          content: () => <EndpointsTab service={data} />,
        },
      ]}
      moreTabs={(data) => [yamlTab(data)]}
    />
  );
}

function Overview({ service }: { service: ServiceDetails }) {
  return (
    <EntityOverview
      kind="services"
      entity={service}
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
        ['Workloads', entityLinks('workloads', service.workloads)],
        ['Configuration', objectLinks(service.istioReferences)],
        ['Selects', Object.keys(service.selector).length > 0 && <Labels key="selector" labels={service.selector} />],
        ['Labels', <Labels key="labels" labels={service.labels} />],
      ]}
    />
  );
}
