import type { DoctorReport } from '../../api.ts';
import { DataTable } from '../common/data-table.tsx';
import { Mark, type Tone } from '../common/status.tsx';
import { PageLink } from '../shell/links.tsx';

type Check = DoctorReport['checks'][number];

const states: Record<Check['state'], { tone: Tone; text: string; order: number }> = {
  found: { tone: 'bad', text: 'does not hold', order: 0 },
  unknown: { tone: 'none', text: 'could not be run', order: 1 },
  passed: { tone: 'good', text: 'holds', order: 2 },
};

/** All that is looked for, so that one sees what silence means. */
export function DoctorChecks({ report }: { report: DoctorReport }) {
  return (
    <DataTable
      label="Checks"
      rows={report.checks}
      idOf={(check) => check.code}
      textOf={(check) => `${check.code} ${check.title} ${states[check.state].text}`}
      sortedBy={{ column: 0 }}
      columns={[
        {
          title: 'State',
          cell: (check) => <Mark {...states[check.state]} />,
          sort: (check) => states[check.state].order,
          narrow: true,
        },
        { title: 'Code', cell: (check) => check.code, sort: (check) => check.code, narrow: true },
        { title: 'What should hold', cell: (check) => check.title, sort: (check) => check.title },
        {
          title: 'Found',
          cell: (check) => {
            const count = report.findings.filter((finding) => finding.code === check.code).length;
            if (count > 0) return <PageLink to={`/doctor?code=${check.code}`}>{count}</PageLink>;
            return check.why ? <span className="ist-quiet">{check.why}</span> : '';
          },
        },
      ]}
    />
  );
}
