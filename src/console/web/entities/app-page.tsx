import type { AppDetails } from '../../api.ts';
import { HealthMark } from '../common/status.tsx';
import { type EntityKey, EntityLink } from '../shell/links.tsx';
import { EntityOverview, EntityPage, entityLinks } from './entity-page.tsx';
import { Labels } from './labels.tsx';

export function AppPage(entity: EntityKey) {
  return (
    <EntityPage<AppDetails>
      kind="applications"
      entity={entity}
      topics={['workloads', 'services']}
      overview={(data) => <Overview app={data} />}
    />
  );
}

function Overview({ app }: { app: AppDetails }) {
  const { namespace, name } = app;
  return (
    <EntityOverview
      kind="applications"
      entity={app}
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
        ['Services', entityLinks('services', app.services)],
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
  );
}
