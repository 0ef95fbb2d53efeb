import type { WorkloadDetails } from '../../api.ts';
import { awayText, dayOf } from '../common/format.ts';
import { StateMark } from '../common/status.tsx';
import { Fix } from '../diagnosis/finding.tsx';
import { type EntityKey, EntityLink, ObjectLink, PageLink } from '../shell/links.tsx';
import { EntityOverview, EntityPage, entityLinks, objectLinks, yamlTab } from './entity-page.tsx';
import { EnvoyTab } from './envoy-tab.tsx';
import { Labels } from './labels.tsx';
import { LogsTab } from './logs-tab.tsx';
import { PodsTab } from './pods-tab.tsx';

export function WorkloadPage(entity: EntityKey) {
  return (
    <EntityPage<WorkloadDetails>
      kind="workloads"
      entity={entity}
      topics={['workloads', 'pods']}
      overview={(data) => <Overview workload={data} />}
      moreTabs={(data) => [
        { key: 'pods', title: `Pods (${data.pods.length})`, content: () => <PodsTab pods={data.pods} /> },
        { key: 'logs', title: 'Logs', content: () => <LogsTab pods={data.pods} /> },
        { key: 'envoy', title: 'Envoy', content: () => <EnvoyTab pods={data.pods} /> },
        yamlTab(data),
      ]}
    />
  );
}

function Overview({ workload }: { workload: WorkloadDetails }) {
  const { cluster, namespace, name } = workload;
  return (
    <EntityOverview
      kind="workloads"
      entity={workload}
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
        ['Certificates', <Certificates key="certificates" pods={workload.pods} />],
        ['Services', entityLinks('services', workload.services)],
        ['Service accounts', workload.serviceAccountNames.join(', ')],
        ['Images', workload.images.map((image) => <div key={image}>{image}</div>)],
        ['Configuration', objectLinks(workload.istioReferences)],
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
  );
}

/** What its proxies show as their own: those that are not sound, else the first that ends. */
function Certificates({ pods }: { pods: WorkloadDetails['pods'] }) {
  const known = pods.flatMap(({ certificate }) => certificate ?? []);
  const [first] = known.toSorted((a, b) => a.notAfter.localeCompare(b.notAfter));
  const wrong = known.filter(({ state }) => state !== 'ok');
  if (!first) return <span className="ist-quiet">none is known</span>;
  if (wrong.length === 0)
    return <StateMark state="ok" text={`end ${awayText(first.notAfter, Date.now())}`} why={first.identity} />;
  return wrong.map((one) => (
    <div key={one.pod}>
      <StateMark state={one.state} text={one.why ?? `ends ${awayText(one.notAfter, Date.now())}`} />
      {one.fix && <Fix text={one.fix} />}
    </div>
  ));
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
