import { Title } from '@patternfly/react-core';
import type { CertificateView, MeshView } from '../../api.ts';
import { DataTable } from '../common/data-table.tsx';
import { awayText, dayOf } from '../common/format.ts';
import { ClusterLabel, StateMark } from '../common/status.tsx';

interface Row extends CertificateView {
  cluster: string;
}

/** Roots and who shares them, and each certificate with its end. */
export function Certificates({ mesh }: { mesh: MeshView }) {
  const rows = mesh.clusters.flatMap((cluster) =>
    cluster.trust.certificates.map((certificate): Row => ({ ...certificate, cluster: cluster.name })),
  );
  return (
    <section>
      <Title headingLevel="h2">Certificates</Title>
      {mesh.roots.map((root) => (
        <p key={root.fingerprint}>
          Root <code>{root.fingerprint.slice(0, 16)}</code> ({root.subject}), trusted in {root.clusters.join(', ')},
          ends {awayText(root.notAfter, Date.now())}
        </p>
      ))}
      <DataTable
        label="Certificates"
        rows={rows}
        idOf={(row) => `${row.cluster} ${row.from} ${row.kind} ${row.fingerprint}`}
        nothing="No certificates are known"
        sortedBy={{ column: 5 }}
        columns={[
          { title: 'State', cell: (row) => <StateMark state={row.state} />, sort: (row) => row.state },
          { title: 'Kind', cell: (row) => row.kind, sort: (row) => row.kind },
          { title: 'Cluster', cell: (row) => <ClusterLabel name={row.cluster} />, sort: (row) => row.cluster },
          { title: 'From', cell: (row) => <span className="ist-break">{row.from}</span>, sort: (row) => row.from },
          {
            title: 'Subject',
            cell: (row) => <span className="ist-break">{row.subject}</span>,
            sort: (row) => row.subject,
          },
          {
            title: 'Ends',
            cell: (row) => <span title={dayOf(row.notAfter)}>{awayText(row.notAfter, Date.now())}</span>,
            sort: (row) => row.notAfter,
          },
          {
            title: 'Fingerprint',
            cell: (row) => <code>{row.fingerprint.slice(0, 16)}</code>,
            sort: (row) => row.fingerprint,
          },
        ]}
      />
    </section>
  );
}
