import { Grid, GridItem } from '@patternfly/react-core';
import type { WorkloadDetails } from '../../api.ts';
import { entityPath } from '../api/client.ts';
import { useApi } from '../api/queries.ts';
import { Answer, Problems } from '../common/answer.tsx';
import { Facts } from '../common/facts.tsx';
import { dayOf } from '../common/format.ts';
import { YamlView } from '../config/yaml-editor.tsx';
import { type EntityKey, EntityLink, ObjectLink, PageLink } from '../shell/links.tsx';
import { useScope } from '../shell/scope.ts';
import { EntityFrame, TabSet } from './entity-frame.tsx';
import { EnvoyTab } from './envoy-tab.tsx';
import { HealthCard } from './health-card.tsx';
import { Labels } from './labels.tsx';
import { LogsTab } from './logs-tab.tsx';
import { MetricsTab } from './metrics-tab.tsx';
import { MiniGraph } from './mini-graph.tsx';
import { PodsTab } from './pods-tab.tsx';
import { TrafficTab } from './traffic-tab.tsx';

export function WorkloadPage(entity: EntityKey) {
  const { scope } = useScope();
  const workload = useApi<WorkloadDetails>(
    entityPath(entity.namespace, 'workloads', entity.name),
    { clusterName: entity.cluster, duration: `${scope.duration}s` },
    ['workloads', 'pods', 'traffic', 'health', 'config'],
  );
  return (
    <EntityFrame list="Workloads" path="/workloads" entity={entity} health={workload.data?.health}>
      <Answer of={workload}>
        {(data) => (
          <>
            <Problems problems={data.problems} />
            <TabSet
              label={`Parts of ${entity.name}`}
              tabs={[
                { key: 'overview', title: 'Overview', content: () => <Overview workload={data} /> },
                { key: 'traffic', title: 'Traffic', content: () => <TrafficTab peers={data.peers} /> },
                {
                  key: 'in',
                  title: 'Inbound metrics',
                  content: () => <MetricsTab kind="workloads" entity={entity} direction="inbound" />,
                },
                {
                  key: 'out',
                  title: 'Outbound metrics',
                  content: () => <MetricsTab kind="workloads" entity={entity} direction="outbound" />,
                },
                { key: 'pods', title: `Pods (${data.pods.length})`, content: () => <PodsTab pods={data.pods} /> },
                { key: 'logs', title: 'Logs', content: () => <LogsTab pods={data.pods} /> },
                { key: 'envoy', title: 'Envoy', content: () => <EnvoyTab pods={data.pods} /> },
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

function Overview({ workload }: { workload: WorkloadDetails }) {
  const { cluster, namespace, name } = workload;
  return (
    <Grid hasGutter>
      <GridItem lg={4} className="ist-stack">
        <Facts
          isHorizontal
          facts={[
            ['Kind', workload.isGateway ? `${workload.kind}, gateway` : workload.kind],
            [
              'Application',
              workload.app && <EntityLink kind="applications" entity={{ cluster, namespace, name: workload.app }} />,
            ],
            ['Version', workload.version],
            ['Pods', `${workload.readyCount} of ${workload.podCount} ready`],
            ['Sidecar', workload.istioSidecar ? 'yes' : 'no'],
            ['Mutual TLS of what comes in', <Mtls key="mtls" workload={workload} />],
            [
              'Services',
              workload.services.length > 0 &&
                workload.services.map((service) => (
                  <div key={`${service.cluster}/${service.name}`}>
                    <EntityLink kind="services" entity={service} /> <span className="ist-quiet">{service.cluster}</span>
                  </div>
                )),
            ],
            ['Service accounts', workload.serviceAccountNames.join(', ')],
            ['Images', workload.images.map((image) => <div key={image}>{image}</div>)],
            [
              'Configuration',
              workload.istioReferences.length > 0 &&
                workload.istioReferences.map((object) => (
                  <div key={`${object.kind}${object.name}`}>
                    <ObjectLink object={object} />
                  </div>
                )),
            ],
            ['Made', workload.createdAt && dayOf(workload.createdAt)],
            ['Labels', <Labels key="labels" labels={workload.labels} />],
            [
              'Requests of it',
              <PageLink key="why" to={`/why?from=${cluster}/${namespace}/${name}`}>
                Why they take their way
              </PageLink>,
            ],
          ]}
        />
        <HealthCard health={workload.health} />
      </GridItem>
      <GridItem lg={8}>
        <MiniGraph kind="workloads" entity={workload} />
      </GridItem>
    </Grid>
  );
}

function Mtls({ workload }: { workload: WorkloadDetails }) {
  const { mode, decidedBy } = workload.mtls;
  return (
    <>
      {mode}
      {decidedBy && (
        <>
          , by <ObjectLink object={decidedBy} />
        </>
      )}
    </>
  );
}
