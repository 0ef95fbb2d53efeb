/** All clusters at a glance. */
import { Card, CardBody, CardTitle, Gallery, Grid, GridItem } from '@patternfly/react-core';
import type { Overview } from '../../api.ts';
import { useClusterMetrics, useDoctor, useOverview } from '../api/queries.ts';
import { Answer, Frame, Problems } from '../common/answer.tsx';
import { Chart } from '../common/chart.tsx';
import { durationText, millisecondsText, rateText } from '../common/format.ts';
import { Mark } from '../common/status.tsx';
import { Rate } from '../common/traffic.tsx';
import { DoctorCard } from '../diagnosis/found-count.tsx';
import { entityHref, PageLink } from '../shell/links.tsx';
import { type Scope, useScope } from '../shell/scope.ts';
import { ClusterCard } from './cluster-card.tsx';
import { Crossing } from './crossing.tsx';
import { Namespaces } from './namespaces.tsx';

export function OverviewPage() {
  const { scope } = useScope();
  const overview = useOverview(scope);
  const doctor = useDoctor().data;
  return (
    <Frame title="Overview" name="Overview" description={`Rates of the last ${durationText(scope.duration)}`}>
      <Answer of={overview}>
        {(data) => (
          <div className="ist-stack">
            <Problems problems={data.problems} />
            <Gallery hasGutter minWidths={{ default: '300px' }} className="ist-cluster-cards">
              {data.clusters.map((cluster) => (
                <ClusterCard key={cluster.name} cluster={cluster} />
              ))}
            </Gallery>
            <Grid hasGutter>
              <GridItem lg={6}>
                <TrafficCard scope={scope} />
              </GridItem>
              <GridItem lg={3} md={6}>
                <Crossing crossing={data.crossing} clusters={data.clusters.map((cluster) => cluster.name)} />
              </GridItem>
              <GridItem lg={3} md={6}>
                <Links links={data.links} />
                {doctor && <DoctorCard report={doctor} />}
                <Worst overview={data} />
              </GridItem>
            </Grid>
            <Namespaces namespaces={data.namespaces} />
          </div>
        )}
      </Answer>
    </Frame>
  );
}

function TrafficCard({ scope }: { scope: Scope }) {
  const range = Math.max(scope.duration, 900);
  const metrics = useClusterMetrics({ ...scope, duration: range }, Math.max(15, Math.round(range / 90)));
  const series = [
    ...(metrics.data?.['request_count'] ?? []).map((one) => ({
      name: one.labels['destination_cluster'] ?? one.name,
      points: one.datapoints,
    })),
    ...(metrics.data?.['request_error_count'] ?? [])
      .filter((one) => one.datapoints.some(([, value]) => value > 0))
      .map((one) => ({
        name: `${one.labels['destination_cluster'] ?? one.name}, failed`,
        points: one.datapoints,
        bad: true,
      })),
  ];
  return (
    <Card isFullHeight>
      <CardTitle component="h2">Requests served</CardTitle>
      <CardBody>
        <Chart
          title={`Requests in a second, last ${durationText(range)}`}
          series={series}
          format={rateText}
          height={190}
        />
      </CardBody>
    </Card>
  );
}

function Links({ links }: { links: Overview['links'] }) {
  const total = links.ok + links.degraded + links.broken + links.unknown;
  const tone = links.broken > 0 ? 'bad' : links.degraded > 0 ? 'warn' : links.unknown > 0 ? 'none' : 'good';
  const wrong = (['broken', 'degraded', 'unknown'] as const).filter((state) => links[state] > 0);
  return (
    <Card isCompact className="ist-below">
      <CardTitle component="h2">
        <PageLink to="/mesh">Links between clusters</PageLink>
      </CardTitle>
      <CardBody>
        <Mark
          tone={tone}
          text={
            wrong.length === 0 ? `all ${total} are sound` : wrong.map((state) => `${links[state]} ${state}`).join(', ')
          }
        />
      </CardBody>
    </Card>
  );
}

function Worst({ overview }: { overview: Overview }) {
  return (
    <Card isCompact>
      <CardTitle component="h2">Failing and slow services</CardTitle>
      <CardBody>
        {overview.failing.length === 0 && <Mark tone="good" text="no service fails" />}
        <ul className="ist-plain-list">
          {overview.failing.slice(0, 5).map((one) => (
            <li key={`${one.cluster}/${one.namespace}/${one.service}`}>
              <ServiceLink of={one} /> <Rate rate={one.rate} errors={one.errorRate} />
            </li>
          ))}
          {overview.slowest.slice(0, 5).map((one) => (
            <li key={`slow ${one.cluster}/${one.namespace}/${one.service}`}>
              <ServiceLink of={one} /> <span className="ist-quiet">p95 {millisecondsText(one.p95)}</span>
            </li>
          ))}
        </ul>
      </CardBody>
    </Card>
  );
}

const ServiceLink = ({ of }: { of: { cluster: string; namespace: string; service: string } }) => (
  <PageLink to={entityHref('services', { ...of, name: of.service })}>
    {of.cluster}/{of.namespace}/{of.service}
  </PageLink>
);
