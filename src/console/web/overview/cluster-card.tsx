import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import type { Overview, StatusCounts } from '../../api.ts';
import { dayOf } from '../common/format.ts';
import { Counts, HealthBar, HealthWord, Mark } from '../common/status.tsx';
import { TrafficCell } from '../common/traffic.tsx';
import { PageLink } from '../shell/links.tsx';

type Cluster = Overview['clusters'][number];

export function ClusterCard({ cluster }: { cluster: Cluster }) {
  return (
    <Card isCompact className={cluster.reachable ? 'ist-cluster' : 'ist-cluster ist-cluster-away'}>
      <CardTitle component="h2">
        <span className="ist-card-title">
          <PageLink to={`/mesh?focus=${cluster.name}`}>{cluster.name}</PageLink>
          {cluster.reachable ? <HealthWord status={cluster.status} /> : <Mark tone="bad" text="unreachable" />}
        </span>
      </CardTitle>
      <CardBody>
        {!cluster.reachable && (
          <p className="ist-bad">
            {cluster.reason ?? 'The API server does not answer.'}
            {cluster.lastSeen && <span className="ist-quiet"> Last answer {dayOf(cluster.lastSeen)}.</span>}
          </p>
        )}
        <table className="ist-small-table ist-wide">
          <caption className="pf-v6-screen-reader">Health in {cluster.name}</caption>
          <tbody>
            <Row title="Applications" path="/applications" cluster={cluster.name} counts={cluster.apps} />
            <Row title="Workloads" path="/workloads" cluster={cluster.name} counts={cluster.workloads} />
            <Row title="Services" path="/services" cluster={cluster.name} counts={cluster.services} />
          </tbody>
        </table>
        <p className="ist-in-out">
          <span>
            in <TrafficCell traffic={cluster.traffic} direction="in" />
          </span>
          <span>
            out <TrafficCell traffic={cluster.traffic} direction="out" />
          </span>
        </p>
      </CardBody>
    </Card>
  );
}

function Row({ title, path, cluster, counts }: { title: string; path: string; cluster: string; counts: StatusCounts }) {
  return (
    <tr>
      <th scope="row">
        <PageLink to={`${path}?find=${cluster}`}>{title}</PageLink>
      </th>
      <td className="ist-bar-cell">
        <HealthBar counts={counts} label={title} />
      </td>
      <td>
        <Counts counts={counts} />
      </td>
    </tr>
  );
}
