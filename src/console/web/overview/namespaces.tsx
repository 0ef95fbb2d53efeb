import { Label, Title } from '@patternfly/react-core';
import LockIcon from '@patternfly/react-icons/dist/esm/icons/lock-icon';
import LockOpenIcon from '@patternfly/react-icons/dist/esm/icons/lock-open-icon';
import type { Overview } from '../../api.ts';
import { DataTable } from '../common/data-table.tsx';
import { ClusterLabel, Counts, HealthWord, Mark } from '../common/status.tsx';
import { TrafficCell } from '../common/traffic.tsx';
import { PageLink } from '../shell/links.tsx';

type Namespace = Overview['namespaces'][number];

export function Namespaces({ namespaces }: { namespaces: Namespace[] }) {
  return (
    <section>
      <Title headingLevel="h2">Namespaces</Title>
      <DataTable
        label="Namespaces"
        rows={namespaces}
        idOf={(row) => `${row.cluster}/${row.namespace}`}
        textOf={(row) => `${row.cluster} ${row.namespace} ${row.status} ${row.mtls}`}
        sortedBy={{ column: 5, down: true }}
        columns={[
          {
            title: 'Health',
            cell: (row) => <HealthWord status={row.status} />,
            sort: (row) => row.status,
            narrow: true,
          },
          { title: 'Namespace', cell: nameCell, sort: (row) => row.namespace },
          { title: 'Cluster', cell: (row) => <ClusterLabel name={row.cluster} />, sort: (row) => row.cluster },
          { title: 'Sidecars', cell: injectionCell, sort: (row) => row.injection },
          { title: 'Mutual TLS', cell: (row) => <Mtls mode={row.mtls} />, sort: (row) => row.mtls },
          {
            title: 'Requests in',
            cell: (row) => <TrafficCell traffic={row.traffic} direction="in" />,
            sort: (row) => row.traffic.inbound,
          },
          {
            title: 'Requests out',
            cell: (row) => <TrafficCell traffic={row.traffic} direction="out" />,
            sort: (row) => row.traffic.outbound,
          },
          { title: 'Workloads', cell: (row) => <Counts counts={row.workloads} /> },
          { title: 'Services', cell: (row) => <Counts counts={row.services} /> },
          {
            title: 'Configuration',
            cell: validationCell,
            sort: (row) => row.validations.errors * 1000 + row.validations.warnings,
          },
        ]}
      />
    </section>
  );
}

function nameCell(row: Namespace) {
  return (
    <>
      <PageLink to={`/graph?namespaces=${row.namespace}`}>{row.namespace}</PageLink>
      {row.isControlPlane && (
        <Label isCompact color="purple" className="ist-beside">
          control plane
        </Label>
      )}
    </>
  );
}

function injectionCell(row: Namespace) {
  if (row.injection === 'none') return <span className="ist-quiet">not injected</span>;
  return row.injection === 'enabled' ? 'injected' : 'disabled';
}

function Mtls({ mode }: { mode: Namespace['mtls'] }) {
  const Icon = mode === 'STRICT' ? LockIcon : LockOpenIcon;
  return (
    <span className="ist-mark">
      <Icon aria-hidden="true" /> {mode.toLowerCase()}
    </span>
  );
}

function validationCell(row: Namespace) {
  const { errors, warnings, objects } = row.validations;
  if (objects === 0) return <span className="ist-quiet">none</span>;
  const told = [errors > 0 && `${errors} errors`, warnings > 0 && `${warnings} warnings`].filter(Boolean).join(', ');
  return (
    <PageLink to={`/istio?find=${row.cluster} ${row.namespace}`}>
      <Mark tone={errors > 0 ? 'bad' : warnings > 0 ? 'warn' : 'good'} text={told || `${objects} valid`} />
    </PageLink>
  );
}
