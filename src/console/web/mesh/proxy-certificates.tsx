import { ExpandableSection, Title } from '@patternfly/react-core';
import { useState } from 'react';
import type { ProxyCertificates as Answered, MeshView } from '../../api.ts';
import { scopeParams, useApi } from '../api/queries.ts';
import { Answer, Problems } from '../common/answer.tsx';
import { DataTable } from '../common/data-table.tsx';
import { awayText, dayOf } from '../common/format.ts';
import { ClusterLabel, StateMark } from '../common/status.tsx';
import { Fix } from '../diagnosis/finding.tsx';
import { EntityLink } from '../shell/links.tsx';
import { useScope } from '../shell/scope.ts';

/** What each proxy shows as its own. A table of all of them only when one asks for it, since there may be thousands. */
export function ProxyCertificates({ mesh }: { mesh: MeshView }) {
  const summaries = mesh.clusters.flatMap(({ name, trust }) => (trust.workloads ? [{ name, ...trust.workloads }] : []));
  const bad = summaries.some(({ state }) => state === 'broken' || state === 'degraded');
  const [open, setOpen] = useState(bad);
  const read = summaries.reduce((sum, one) => sum + one.read, 0);
  if (summaries.length === 0) return null;
  return (
    <section>
      <Title headingLevel="h2">Certificates of workloads</Title>
      <ul className="ist-plain-list">
        {summaries.map((one) => (
          <li key={one.name}>
            <ClusterLabel name={one.name} /> <StateMark state={one.state} text={summaryText(one)} />
            {one.why && one.state !== 'ok' && <div className="ist-break">{one.why}</div>}
          </li>
        ))}
      </ul>
      <ExpandableSection
        toggleText={open ? 'Hide them' : `Show all ${read}`}
        isExpanded={open}
        onToggle={(_event, next) => setOpen(next)}
      >
        {open && <All />}
      </ExpandableSection>
    </section>
  );
}

type Summary = NonNullable<MeshView['clusters'][number]['trust']['workloads']>;

/** As in `3 of 3 proxies read, the first ends in 23 h`. */
export function summaryText({ read, proxies, expired, ending, foreign, nextEnd }: Summary): string {
  const wrong = [
    expired > 0 && `${expired} ended`,
    ending > 0 && `${ending} about to end`,
    foreign > 0 && `${foreign} of another root`,
  ].filter(Boolean);
  const first = nextEnd ? `, the first ends ${awayText(nextEnd, Date.now())}` : '';
  return [`${read} of ${proxies} proxies read${first}`, ...wrong].join('; ');
}

function All() {
  const { scope } = useScope();
  const answer = useApi<Answered>('mesh/certificates', scopeParams(scope), ['mesh', 'pods']);
  return (
    <Answer of={answer}>
      {(data) => (
        <>
          <Problems problems={data.problems} />
          <DataTable
            label="Certificates of workloads"
            rows={data.certificates}
            idOf={(row) => `${row.cluster}/${row.namespace}/${row.pod}`}
            textOf={(row) => `${row.cluster} ${row.namespace} ${row.pod} ${row.identity} ${row.issuer} ${row.state}`}
            nothing="No proxy could be asked yet"
            sortedBy={{ column: 4 }}
            columns={[
              {
                title: 'State',
                cell: (row) => (
                  <StateMark
                    state={row.state}
                    {...(row.why
                      ? {
                          why: (
                            <>
                              {row.why} {row.fix && <Fix text={row.fix} />}
                            </>
                          ),
                        }
                      : {})}
                  />
                ),
                sort: (row) => row.state,
              },
              { title: 'Cluster', cell: (row) => <ClusterLabel name={row.cluster} />, sort: (row) => row.cluster },
              {
                title: 'Workload',
                cell: (row) =>
                  row.workload ? (
                    <EntityLink kind="workloads" entity={{ ...row, name: row.workload }} />
                  ) : (
                    <span className="ist-break">{row.pod}</span>
                  ),
                sort: (row) => row.workload ?? row.pod,
              },
              {
                title: 'Identity',
                cell: (row) => <span className="ist-break">{row.identity}</span>,
                sort: (row) => row.identity,
              },
              {
                title: 'Ends',
                cell: (row) => <span title={dayOf(row.notAfter)}>{awayText(row.notAfter, Date.now())}</span>,
                sort: (row) => row.notAfter,
              },
              { title: 'Issuer', cell: (row) => row.issuer, sort: (row) => row.issuer },
              {
                title: 'Trusts root',
                cell: (row) =>
                  row.trusts.map((root) => <code key={root.fingerprint}>{root.fingerprint.slice(0, 16)} </code>),
              },
            ]}
          />
          {data.unread.length > 0 && (
            <p className="ist-quiet">
              Not read: {data.unread.map((one) => `${one.cluster}/${one.namespace}/${one.pod} (${one.why})`).join(', ')}
            </p>
          )}
        </>
      )}
    </Answer>
  );
}
