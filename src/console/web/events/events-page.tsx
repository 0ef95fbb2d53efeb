/** What changed in the mesh, when, where and by whom, beside the traffic of that time. */
import { Label } from '@patternfly/react-core';
import { useState } from 'react';
import type { MeshEvent } from '../../api.ts';
import { useClusterMetrics, useEvents } from '../api/queries.ts';
import { Answer, Frame } from '../common/answer.tsx';
import { Chart } from '../common/chart.tsx';
import { DataTable } from '../common/data-table.tsx';
import { dayOf, durationText, rateText, timeOf } from '../common/format.ts';
import { ChoiceMenu } from '../common/menus.tsx';
import { ClusterLabel, Mark } from '../common/status.tsx';
import { ObjectLink, PageLink } from '../shell/links.tsx';
import { useParam, useScope } from '../shell/scope.ts';

const typeText: Record<MeshEvent['type'], string> = {
  added: 'Made',
  updated: 'Changed',
  deleted: 'Removed',
  link: 'Link',
  cluster: 'Cluster',
  kubernetes: 'Kubernetes',
};

export function EventsPage() {
  const { scope } = useScope();
  const events = useEvents(scope);
  const range = Math.max(scope.duration, 900);
  const metrics = useClusterMetrics({ ...scope, duration: range }, Math.max(15, Math.round(range / 120)));
  const [type, setType] = useParam('type');
  const [severity, setSeverity] = useParam('severity');
  const [picked, setPicked] = useState<number>();
  const line = (name: string, bad: boolean) =>
    (metrics.data?.[name] ?? []).map((series) => ({
      name: `${series.labels['destination_cluster'] ?? series.name}${bad ? ', failed' : ''}`,
      points: series.datapoints,
      bad,
    }));
  return (
    <Frame title="Events" name="Events" description="What changed in the mesh, in which cluster and by whom">
      <Answer of={events}>
        {(data) => {
          const shown = data.events.filter(
            (event) =>
              (!type || event.type === type) &&
              (!severity || event.severity === severity) &&
              (picked === undefined || Math.abs(Date.parse(event.time) / 1000 - picked) <= range / 40),
          );
          return (
            <>
              <Chart
                title={`Requests in a second, last ${durationText(range)}; lines are events, red those that warn`}
                series={[...line('request_count', false), ...line('request_error_count', true)]}
                format={rateText}
                height={170}
                markers={data.events.map((event) => ({
                  time: Date.parse(event.time) / 1000,
                  bad: event.severity === 'warning',
                }))}
                onPick={setPicked}
              />
              <DataTable
                label="Events"
                rows={shown}
                idOf={(event) => String(event.id)}
                textOf={(event) =>
                  [
                    event.cluster,
                    event.message,
                    event.by,
                    event.object?.kind,
                    event.object?.namespace,
                    event.object?.name,
                  ].join(' ')
                }
                sortedBy={{ column: 0, down: true }}
                nothing={`Nothing has changed since ${timeOf(data.since)}`}
                filters={
                  <>
                    <ChoiceMenu
                      label="Type"
                      chosen={type}
                      onChange={setType}
                      options={[
                        { value: '', text: 'Any type' },
                        ...Object.entries(typeText).map(([value, text]) => ({ value, text })),
                      ]}
                    />
                    <ChoiceMenu
                      label="Severity"
                      chosen={severity}
                      onChange={setSeverity}
                      options={[
                        { value: '', text: 'Any severity' },
                        { value: 'warning', text: 'Warnings only' },
                      ]}
                    />
                    {picked !== undefined && (
                      <Label color="blue" onClose={() => setPicked(undefined)} closeBtnAriaLabel="Show all times">
                        around {timeOf(picked * 1000)}
                      </Label>
                    )}
                  </>
                }
                columns={[
                  {
                    title: 'Time',
                    cell: (event) => (
                      <time dateTime={event.time} title={dayOf(event.time)}>
                        {timeOf(event.time)}
                      </time>
                    ),
                    sort: (event) => event.id,
                    narrow: true,
                  },
                  {
                    title: 'Cluster',
                    cell: (event) => <ClusterLabel name={event.cluster} />,
                    sort: (event) => event.cluster,
                  },
                  {
                    title: 'Type',
                    cell: (event) => (
                      <Mark tone={event.severity === 'warning' ? 'warn' : 'info'} text={typeText[event.type]} />
                    ),
                    sort: (event) => event.type,
                  },
                  { title: 'What', cell: (event) => <What event={event} /> },
                  { title: 'By', cell: (event) => event.by ?? '', sort: (event) => event.by ?? '' },
                  {
                    title: 'Traffic then',
                    cell: (event) => (
                      <PageLink to={`/graph?at=${Math.floor(Date.parse(event.time) / 1000) + 30}`}>graph</PageLink>
                    ),
                  },
                ]}
              />
            </>
          );
        }}
      </Answer>
    </Frame>
  );
}

function What({ event }: { event: MeshEvent }) {
  return (
    <>
      {event.message}
      {event.object && (
        <div>
          <ObjectLink object={event.object} />
        </div>
      )}
      {event.fields && event.fields.length > 0 && (
        <div className="ist-quiet">
          <code>{event.fields.slice(0, 6).join(', ')}</code>
          {event.fields.length > 6 && ` and ${event.fields.length - 6} more`}
        </div>
      )}
    </>
  );
}
