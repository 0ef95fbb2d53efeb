import { Grid, GridItem } from '@patternfly/react-core';
import type { AppDetails } from '../../api.ts';
import { entityPath } from '../api/client.ts';
import { useApi } from '../api/queries.ts';
import { Answer, Problems } from '../common/answer.tsx';
import { Facts } from '../common/facts.tsx';
import { HealthMark } from '../common/status.tsx';
import { type EntityKey, EntityLink } from '../shell/links.tsx';
import { useScope } from '../shell/scope.ts';
import { EntityFrame, TabSet } from './entity-frame.tsx';
import { HealthCard } from './health-card.tsx';
import { Labels } from './labels.tsx';
import { MetricsTab } from './metrics-tab.tsx';
import { MiniGraph } from './mini-graph.tsx';
import { TrafficTab } from './traffic-tab.tsx';

export function AppPage(entity: EntityKey) {
  const { scope } = useScope();
  const app = useApi<AppDetails>(
    entityPath(entity.namespace, 'apps', entity.name),
    { clusterName: entity.cluster, duration: `${scope.duration}s` },
    ['workloads', 'services', 'traffic', 'health', 'config'],
  );
  return (
    <EntityFrame list="Applications" path="/applications" entity={entity} health={app.data?.health}>
      <Answer of={app}>
        {(data) => (
          <>
            <Problems problems={data.problems} />
            <TabSet
              label={`Parts of ${entity.name}`}
              tabs={[
                { key: 'overview', title: 'Overview', content: () => <Overview app={data} /> },
                { key: 'traffic', title: 'Traffic', content: () => <TrafficTab peers={data.peers} /> },
                {
                  key: 'in',
                  title: 'Inbound metrics',
                  content: () => <MetricsTab kind="apps" entity={entity} direction="inbound" />,
                },
                {
                  key: 'out',
                  title: 'Outbound metrics',
                  content: () => <MetricsTab kind="apps" entity={entity} direction="outbound" />,
                },
              ]}
            />
          </>
        )}
      </Answer>
    </EntityFrame>
  );
}

function Overview({ app }: { app: AppDetails }) {
  const { namespace, name } = app;
  return (
    <Grid hasGutter>
      <GridItem lg={4} className="ist-stack">
        <Facts
          isHorizontal
          facts={[
            [
              'Workloads',
              app.workloadItems.map((workload) => (
                <div key={workload.name}>
                  <HealthMark health={workload.health} /> <EntityLink kind="workloads" entity={workload} />{' '}
                  <span className="ist-quiet">
                    {workload.readyCount}/{workload.podCount} pods
                  </span>
                </div>
              )),
            ],
            ['Versions', app.versions.join(', ')],
            [
              'Services',
              app.services.length > 0 &&
                app.services.map((service) => (
                  <div key={`${service.cluster}/${service.name}`}>
                    <EntityLink kind="services" entity={service} /> <span className="ist-quiet">{service.cluster}</span>
                  </div>
                )),
            ],
            [
              'In other clusters',
              app.elsewhere.length > 0 &&
                app.elsewhere.map((other) => (
                  <div key={other.cluster}>
                    <EntityLink kind="applications" entity={{ cluster: other.cluster, namespace, name }} />{' '}
                    <span className="ist-quiet">
                      {other.cluster}: {other.workloads.join(', ')}
                    </span>
                  </div>
                )),
            ],
            ['Sidecar', app.istioSidecar ? 'yes' : 'no'],
            ['Labels', <Labels key="labels" labels={app.labels} />],
          ]}
        />
        <HealthCard health={app.health} />
      </GridItem>
      <GridItem lg={8}>
        <MiniGraph kind="applications" entity={app} />
      </GridItem>
    </Grid>
  );
}
