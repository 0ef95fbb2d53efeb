import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import type { HealthView, RequestRates } from '../../api.ts';
import { rateText } from '../common/format.ts';
import { HealthWord } from '../common/status.tsx';

/** The verdict, why it is so, and the rates by code from which it comes. */
export function HealthCard({ health }: { health: HealthView }) {
  return (
    <Card isCompact>
      <CardTitle component="h2">Health</CardTitle>
      <CardBody>
        <HealthWord status={health.status} />
        <ul className="ist-plain-list">
          {health.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
        {(health.workloadStatuses ?? (health.workloadStatus ? [health.workloadStatus] : [])).map((status) => (
          <p key={status.name}>
            {status.name}: {status.availableReplicas} of {status.desiredReplicas} replicas available
            {status.syncedProxies >= 0 && `, ${status.syncedProxies} proxies in sync`}
          </p>
        ))}
        <Rates title="In" rates={health.requests.inbound} />
        <Rates title="Out" rates={health.requests.outbound} />
      </CardBody>
    </Card>
  );
}

function Rates({ title, rates }: { title: string; rates: RequestRates }) {
  const rows = Object.entries(rates).flatMap(([protocol, codes]) =>
    Object.entries(codes).map(([code, rate]) => ({ protocol, code, rate })),
  );
  if (rows.length === 0) return null;
  return (
    <table className="ist-small-table">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">Protocol</th>
          <th scope="col">Code</th>
          <th scope="col">Requests in a second</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.protocol} ${row.code}`}>
            <td>{row.protocol}</td>
            <td>{row.code === '-' ? 'no answer' : row.code}</td>
            <td>{rateText(row.rate)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
