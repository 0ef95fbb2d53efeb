/** Requests, errors, durations and sizes over time, by what is wanted. */
import { Grid, GridItem, Toolbar, ToolbarContent } from '@patternfly/react-core';
import type { MetricSeries, MetricsMap } from '../../api.ts';
import { entityPath } from '../api/client.ts';
import { useApi } from '../api/queries.ts';
import { Answer } from '../common/answer.tsx';
import { Chart, type Series } from '../common/chart.tsx';
import { bytesText, durationText, millisecondsText, rateText } from '../common/format.ts';
import { ChoiceMenu } from '../common/menus.tsx';
import type { EntityKey } from '../shell/links.tsx';
import { useParam, useScope } from '../shell/scope.ts';

interface MetricsTabProps {
  kind: 'workloads' | 'apps' | 'services';
  entity: EntityKey;
  direction: 'inbound' | 'outbound';
}

/** Above this many lines a chart says nothing. */
const maxLines = 12;

export function MetricsTab({ kind, entity, direction }: MetricsTabProps) {
  const { scope } = useScope();
  const range = Math.max(scope.duration, 600);
  const [by, setBy] = useParam('by');
  const metrics = useApi<MetricsMap>(
    `${entityPath(entity.namespace, kind, entity.name)}/metrics`,
    {
      clusterName: entity.cluster,
      direction,
      duration: `${range}s`,
      step: Math.max(15, Math.round(range / 100)),
      byLabels: by,
    },
    ['traffic'],
  );
  const peer = direction === 'inbound' ? 'source' : 'destination';
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ChoiceMenu
            label="Lines"
            chosen={by}
            onChange={setBy}
            options={[
              { value: '', text: 'All together' },
              { value: `${peer}_cluster`, text: `By ${peer} cluster` },
              { value: `${peer}_workload`, text: `By ${peer} workload` },
              { value: 'response_code', text: 'By response code' },
              { value: 'destination_version', text: 'By destination version' },
            ]}
          />
          <span className="ist-quiet ist-middle">last {durationText(range)}</span>
        </ToolbarContent>
      </Toolbar>
      <Answer of={metrics}>{(data) => <Charts metrics={data} split={by !== ''} />}</Answer>
    </>
  );
}

const durations: Record<string, string> = { avg: 'mean', '0.5': 'median', '0.95': 'p95', '0.99': 'p99' };

/** `split`: lines are of several peers or codes, so that only one statistic of each is shown. */
function Charts({ metrics, split }: { metrics: MetricsMap; split: boolean }) {
  const charts: { title: string; series: Series[]; format: (value: number) => string }[] = [
    { title: 'Requests in a second', series: lines(metrics, 'request_count'), format: rateText },
    { title: 'Failed requests in a second', series: lines(metrics, 'request_error_count'), format: rateText },
    {
      title: split ? 'Request duration, 95th percentile' : 'Request duration',
      series: lines(metrics, 'request_duration_millis', split ? '0.95' : undefined),
      format: millisecondsText,
    },
    { title: 'Request size, mean', series: lines(metrics, 'request_size', 'avg'), format: bytesText },
    { title: 'Response size, mean', series: lines(metrics, 'response_size', 'avg'), format: bytesText },
    { title: 'gRPC messages received in a second', series: lines(metrics, 'grpc_received'), format: rateText },
    { title: 'gRPC messages sent in a second', series: lines(metrics, 'grpc_sent'), format: rateText },
    { title: 'TCP received in a second', series: lines(metrics, 'tcp_received'), format: bytesText },
    { title: 'TCP sent in a second', series: lines(metrics, 'tcp_sent'), format: bytesText },
  ];
  // The first three are always there, so that none is missed; the others only where there is such traffic.
  const shown = charts.filter((chart, index) => index < 3 || chart.series.some((one) => one.points.length > 0));
  return (
    <Grid hasGutter>
      {shown.map((chart) => (
        <GridItem key={chart.title} lg={6}>
          <Chart {...chart} height={200} />
        </GridItem>
      ))}
    </Grid>
  );
}

function lines(metrics: MetricsMap, name: string, stat?: string): Series[] {
  const series = (metrics[name] ?? []).filter((one) => stat === undefined || one.stat === stat);
  const bad = name.includes('error') && series.length === 1;
  return series
    .toSorted((a, b) => newest(b) - newest(a))
    .slice(0, maxLines)
    .map((one) => ({ name: nameOf(one, stat !== undefined), points: one.datapoints, bad }));
}

const newest = (series: MetricSeries): number => series.datapoints.at(-1)?.[1] ?? 0;

function nameOf(series: MetricSeries, statIsSaid: boolean): string {
  const labels = Object.values(series.labels).join(' ');
  const stat = series.stat === undefined || statIsSaid ? '' : (durations[series.stat] ?? series.stat);
  return [labels, stat].filter(Boolean).join(', ') || 'all';
}
