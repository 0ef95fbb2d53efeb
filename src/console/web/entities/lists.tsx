/** Applications, workloads and services of all clusters. */
import { Label } from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';
import type {
  AppListItem,
  HealthStatus,
  HealthView,
  ObjectKey,
  ServiceListItem,
  SourceProblem,
  TrafficSum,
  WorkloadListItem,
} from '../../api.ts';
import { useApps, useServices, useWorkloads } from '../api/queries.ts';
import { Answer, Frame, Problems } from '../common/answer.tsx';
import { type Column, DataTable } from '../common/data-table.tsx';
import { durationText } from '../common/format.ts';
import { ChoiceMenu } from '../common/menus.tsx';
import { ClusterLabel, HealthMark } from '../common/status.tsx';
import { TrafficCell } from '../common/traffic.tsx';
import { type EntityKind, EntityLink, ObjectLink } from '../shell/links.tsx';
import { useParam, useScope } from '../shell/scope.ts';

interface Item {
  cluster: string;
  namespace: string;
  name: string;
  health: HealthView;
  traffic: TrafficSum;
  istioSidecar: boolean;
  istioReferences: ObjectKey[];
  labels: Record<string, string>;
}

interface EntityListProps<T extends Item> {
  title: string;
  kind: EntityKind;
  answer: UseQueryResult<{ problems: SourceProblem[] }>;
  rows: T[];
  columns: Column<T>[];
}

const badness: HealthStatus[] = ['NA', 'Healthy', 'Not Ready', 'Degraded', 'Failure'];

function EntityList<T extends Item>({ title, kind, answer, rows, columns }: EntityListProps<T>) {
  const { scope } = useScope();
  const [health, setHealth] = useParam('health');
  const shown = health ? rows.filter((row) => row.health.status === health) : rows;
  return (
    <Frame title={title} name={title} description={`Health and rates of the last ${durationText(scope.duration)}`}>
      <Answer of={answer}>
        {(data) => (
          <>
            <Problems problems={data.problems} />
            <DataTable
              label={title}
              rows={shown}
              idOf={(row) => `${row.cluster}/${row.namespace}/${row.name}`}
              textOf={(row) =>
                [
                  row.cluster,
                  row.namespace,
                  row.name,
                  ...Object.entries(row.labels).map((pair) => pair.join('=')),
                ].join(' ')
              }
              sortedBy={{ column: 1 }}
              nothing={`No ${title.toLowerCase()} in the chosen clusters and namespaces`}
              filters={
                <ChoiceMenu
                  label="Health"
                  chosen={health}
                  onChange={setHealth}
                  options={[
                    { value: '', text: 'Any health' },
                    ...badness
                      .toReversed()
                      .map((status) => ({ value: status, text: status === 'NA' ? 'No health' : status })),
                  ]}
                />
              }
              columns={[
                {
                  title: 'Health',
                  cell: (row) => <HealthMark health={row.health} />,
                  sort: (row) => -badness.indexOf(row.health.status),
                  narrow: true,
                },
                { title: 'Name', cell: (row) => <EntityLink kind={kind} entity={row} />, sort: (row) => row.name },
                { title: 'Namespace', cell: (row) => row.namespace, sort: (row) => row.namespace },
                { title: 'Cluster', cell: (row) => <ClusterLabel name={row.cluster} />, sort: (row) => row.cluster },
                ...columns,
                {
                  title: 'Requests in',
                  cell: (row) => <TrafficCell traffic={row.traffic} direction="in" />,
                  sort: (row) => row.traffic.inbound,
                },
                ...(kind === 'services'
                  ? []
                  : [
                      {
                        title: 'Requests out',
                        cell: (row: T) => <TrafficCell traffic={row.traffic} direction="out" />,
                        sort: (row: T) => row.traffic.outbound,
                      },
                    ]),
                { title: 'Details', cell: (row) => <Details row={row} /> },
              ]}
            />
          </>
        )}
      </Answer>
    </Frame>
  );
}

function Details({ row }: { row: Item }) {
  return (
    <span className="ist-labels">
      {!row.istioSidecar && (
        <Label isCompact color="orange">
          no sidecar
        </Label>
      )}
      {row.istioReferences.map((object) => (
        <ObjectLink
          key={`${object.kind} ${object.cluster} ${object.namespace} ${object.name}`}
          object={object}
          withPlace={false}
        />
      ))}
    </span>
  );
}

export function WorkloadsPage() {
  const answer = useWorkloads(useScope().scope);
  return (
    <EntityList<WorkloadListItem>
      title="Workloads"
      kind="workloads"
      answer={answer}
      rows={answer.data?.workloads ?? []}
      columns={[
        { title: 'Kind', cell: (row) => (row.isGateway ? `${row.kind}, gateway` : row.kind), sort: (row) => row.kind },
        {
          title: 'Application',
          cell: (row) => [row.app, row.version].filter(Boolean).join(' '),
          sort: (row) => row.app ?? '',
        },
        { title: 'Pods', cell: (row) => `${row.readyCount}/${row.podCount}`, sort: (row) => row.podCount },
      ]}
    />
  );
}

export function AppsPage() {
  const answer = useApps(useScope().scope);
  return (
    <EntityList<AppListItem>
      title="Applications"
      kind="applications"
      answer={answer}
      rows={answer.data?.applications ?? []}
      columns={[
        { title: 'Versions', cell: (row) => row.versions.join(', '), sort: (row) => row.versions.join() },
        { title: 'Workloads', cell: (row) => String(row.workloads.length), sort: (row) => row.workloads.length },
      ]}
    />
  );
}

export function ServicesPage() {
  const answer = useServices(useScope().scope);
  return (
    <EntityList<ServiceListItem>
      title="Services"
      kind="services"
      answer={answer}
      rows={answer.data?.services ?? []}
      columns={[
        {
          title: 'Type',
          cell: (row) => (row.serviceRegistry === 'External' ? 'ServiceEntry' : row.type),
          sort: (row) => row.type,
        },
        { title: 'Ports', cell: (row) => row.ports.map((port) => `${port.port} ${port.name}`).join(', ') },
        {
          title: 'Joined with',
          cell: (row) => row.sameIn.filter((name) => name !== row.cluster).join(', '),
          sort: (row) => row.sameIn.length,
        },
      ]}
    />
  );
}
