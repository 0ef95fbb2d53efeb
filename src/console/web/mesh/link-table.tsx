import { Title } from '@patternfly/react-core';
import type { MeshLink } from '../../api.ts';
import { DataTable } from '../common/data-table.tsx';
import { awayText, dayOf } from '../common/format.ts';
import { ClusterLabel, StateMark } from '../common/status.tsx';
import { kindText, worstFirst } from './links.ts';

/** All links with their reasons, the worst first. */
export function LinkTable({ links }: { links: MeshLink[] }) {
  return (
    <section>
      <Title headingLevel="h2">Links</Title>
      <DataTable
        label="Links between clusters"
        rows={links.toSorted(worstFirst)}
        idOf={(link) => link.id}
        nothing="No links between clusters"
        sortedBy={{ column: -1 }}
        columns={[
          { title: 'State', cell: (link) => <StateMark state={link.state} />, sort: (link) => link.state },
          { title: 'Link', cell: (link) => kindText[link.kind].name, sort: (link) => link.kind },
          { title: 'From', cell: (link) => <ClusterLabel name={link.from} />, sort: (link) => link.from },
          { title: 'To', cell: (link) => <ClusterLabel name={link.to} />, sort: (link) => link.to },
          {
            title: 'Why',
            cell: (link) => (
              <>
                {link.why ?? kindText[link.kind].told}
                {link.fix && link.state !== 'ok' && <div className="ist-break ist-quiet">{link.fix}</div>}
              </>
            ),
          },
          {
            title: 'Decided by',
            cell: (link) =>
              link.object
                ? `${link.object.kind} ${link.object.cluster}/${link.object.namespace}/${link.object.name}`
                : '',
          },
          {
            title: 'Since',
            cell: (link) => <span title={dayOf(link.since)}>{awayText(link.since, Date.now())}</span>,
            sort: (link) => link.since,
          },
        ]}
      />
    </section>
  );
}
