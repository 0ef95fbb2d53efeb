import { Badge, Card, CardBody, CardTitle } from '@patternfly/react-core';
import type { DoctorReport } from '../../api.ts';
import { useDoctor } from '../api/queries.ts';
import { Mark } from '../common/status.tsx';
import { PageLink } from '../shell/links.tsx';
import { countsText, severities, severityText, verdictOf } from './report.ts';

/** How many errors and warnings there are, beside the page's name in the navigation. */
export function FoundBadge() {
  const counts = useDoctor().data?.counts;
  const count = (counts?.error ?? 0) + (counts?.warning ?? 0);
  if (!counts || count === 0) return null;
  return (
    <Badge className={counts.error > 0 ? 'ist-badge-bad' : 'ist-badge-warn'} screenReaderText={countsText(counts)}>
      {count}
    </Badge>
  );
}

/** What was found in one cluster, as a link to it; nothing where nothing was. */
export function FoundInCluster({ cluster }: { cluster: string }) {
  const findings = useDoctor().data?.findings.filter((finding) => finding.object?.cluster === cluster) ?? [];
  if (findings.length === 0) return null;
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  const worst = severities.find((one) => counts[one] > 0) ?? 'info';
  return (
    <PageLink to={`/doctor?clusters=${cluster}`} className="ist-link ist-found">
      <Mark tone={severityText[worst].tone} text={countsText(counts)} />
    </PageLink>
  );
}

/** The worst of the diagnosis for the overview. */
export function DoctorCard({ report }: { report: DoctorReport }) {
  return (
    <Card isCompact className="ist-below">
      <CardTitle component="h2">
        <PageLink to="/doctor">Doctor</PageLink>
      </CardTitle>
      <CardBody>
        <Mark {...verdictOf(report)} />
        <ul className="ist-plain-list">
          {report.findings.slice(0, 3).map((finding) => (
            <li key={finding.id} className="ist-clamp">
              {finding.message}
            </li>
          ))}
        </ul>
      </CardBody>
    </Card>
  );
}
