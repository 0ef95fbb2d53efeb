/** What `isthmus doctor` finds in the mesh, as it is now: each fault with its object, what follows from it and what to do. */
import { Button, Label, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import type { DoctorFinding, DoctorReport } from '../../api.ts';
import { useDoctor } from '../api/queries.ts';
import { Answer, Frame, Nothing } from '../common/answer.tsx';
import { awayText, dayOf } from '../common/format.ts';
import { ChoiceMenu } from '../common/menus.tsx';
import { Mark } from '../common/status.tsx';
import { TabSet } from '../entities/tab-set.tsx';
import { useParam, useScope } from '../shell/scope.ts';
import { DoctorChecks } from './checks.tsx';
import { Finding } from './finding.tsx';
import { bySeverityAndCluster, severities, severityText, verdictOf } from './report.ts';
import { Unread } from './unread.tsx';

export function DoctorPage() {
  const report = useDoctor();
  return (
    <Frame
      title="Doctor"
      name="Doctor"
      description="What is known to go wrong in a mesh of several clusters, looked for in all of them; the same as isthmus doctor"
      actions={report.data && <Examined report={report.data} />}
    >
      <Answer of={report}>
        {(data) => (
          <TabSet
            label="Views of the diagnosis"
            tabs={[
              {
                key: 'findings',
                title: `Findings (${data.findings.length})`,
                content: () => <Findings report={data} />,
              },
              { key: 'checks', title: `Checks (${data.checks.length})`, content: () => <DoctorChecks report={data} /> },
            ]}
          />
        )}
      </Answer>
    </Frame>
  );
}

function Examined({ report }: { report: DoctorReport }) {
  const { tone, text } = verdictOf(report);
  return (
    <div className="ist-examined">
      <Mark tone={tone} text={text} />
      <span className="ist-quiet" title={dayOf(report.examinedAt)} role="status">
        {report.running ? 'being read again' : `read ${awayText(report.examinedAt, Date.now())}`}
      </span>
    </div>
  );
}

function Findings({ report }: { report: DoctorReport }) {
  const { scope } = useScope();
  const [severity, setSeverity] = useParam('severity');
  const [code, setCode] = useParam('code');
  const inScope = report.findings.filter(
    ({ object }) => !object || scope.clusters.length === 0 || scope.clusters.includes(object.cluster),
  );
  const shown = inScope.filter(
    (finding) => (!severity || finding.severity === severity) && (!code || finding.code === code),
  );
  return (
    <>
      <Unread unread={report.unread} />
      {inScope.length > 0 && (
        <Toolbar>
          <ToolbarContent>
            <ToolbarItem>
              <ChoiceMenu
                label="Severity"
                chosen={severity}
                onChange={setSeverity}
                options={[
                  { value: '', text: 'Any severity' },
                  ...severities.map((one) => ({
                    value: one,
                    text: `${severityText[one].many} (${inScope.filter((finding) => finding.severity === one).length})`,
                  })),
                ]}
              />
            </ToolbarItem>
            {code && (
              <ToolbarItem alignSelf="center">
                <Label onClose={() => setCode('')}>{code}</Label>
              </ToolbarItem>
            )}
          </ToolbarContent>
        </Toolbar>
      )}
      {shown.length === 0 && <NothingFound report={report} filtered={report.findings.length > 0} />}
      {bySeverityAndCluster(shown).map(([title, findings]) => (
        <FindingGroup key={title} title={title} findings={findings} />
      ))}
    </>
  );
}

function FindingGroup({ title, findings }: { title: string; findings: DoctorFinding[] }) {
  return (
    <section className="ist-finding-group" aria-label={title}>
      <h2>{title}</h2>
      <ul className="ist-findings">
        {findings.map((finding) => (
          <li key={finding.id}>
            <Finding finding={finding} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function NothingFound({ report, filtered }: { report: DoctorReport; filtered: boolean }) {
  const [, setSeverity] = useParam('severity');
  if (filtered)
    return (
      <Nothing title="Nothing of what was found is of this kind">
        <Button variant="link" onClick={() => setSeverity('')}>
          Show all severities
        </Button>
      </Nothing>
    );
  const passed = report.checks.filter((check) => check.state === 'passed').length;
  return (
    <Nothing title={report.unread.length > 0 ? 'Nothing was found in what could be read' : 'Nothing was found'}>
      {passed} of {report.checks.length} checks passed in {report.examined.join(', ') || 'no cluster'}. The doctor sends
      no traffic: <code>isthmus verify</code> proves that requests arrive.
    </Nothing>
  );
}
