import { Label, Title } from '@patternfly/react-core';
import type { PodView } from '../../api.ts';
import { DataTable } from '../common/data-table.tsx';
import { awayText, dayOf } from '../common/format.ts';
import { Mark, StateMark, SyncMark } from '../common/status.tsx';

export function PodsTab({ pods }: { pods: PodView[] }) {
  return (
    <DataTable
      label="Pods"
      rows={pods}
      idOf={(pod) => pod.name}
      sortedBy={{ column: 1 }}
      nothing="No pods"
      columns={[
        {
          title: 'State',
          cell: (pod) => (
            <Mark
              tone={pod.ready ? 'good' : pod.phase === 'Failed' ? 'bad' : 'warn'}
              text={pod.ready ? 'ready' : (pod.reason ?? pod.phase)}
            />
          ),
          sort: (pod) => Number(pod.ready),
        },
        { title: 'Pod', cell: (pod) => pod.name, sort: (pod) => pod.name },
        { title: 'Address', cell: (pod) => pod.ip ?? '–', sort: (pod) => pod.ip ?? '' },
        { title: 'Node', cell: (pod) => pod.node ?? '–', sort: (pod) => pod.node ?? '' },
        { title: 'Service account', cell: (pod) => pod.serviceAccountName ?? '–' },
        { title: 'Containers', cell: (pod) => <Containers pod={pod} /> },
        {
          title: 'Certificate',
          cell: ({ certificate }) =>
            certificate ? (
              <StateMark
                state={certificate.state}
                text={`ends ${awayText(certificate.notAfter, Date.now())}`}
                why={
                  certificate.why ?? (
                    <>
                      {certificate.identity}, by {certificate.issuer}, until {dayOf(certificate.notAfter)}
                    </>
                  )
                }
              />
            ) : (
              '–'
            ),
          sort: ({ certificate }) => certificate?.notAfter ?? '',
        },
        {
          title: 'Restarts',
          cell: (pod) => restarts(pod),
          sort: restarts,
        },
        {
          title: 'Since',
          cell: (pod) => (pod.createdAt ? awayText(pod.createdAt, Date.now()) : '–'),
          sort: (pod) => pod.createdAt ?? '',
        },
      ]}
    />
  );
}

const restarts = (pod: PodView): number => pod.containers.reduce((sum, container) => sum + container.restarts, 0);

function Containers({ pod }: { pod: PodView }) {
  return (
    <span className="ist-labels">
      {pod.containers.map((container) => (
        <Label
          key={container.name}
          isCompact
          color={container.ready || container.isInit ? 'grey' : 'orange'}
          title={`${container.image}: ${container.state}`}
        >
          {container.name}
          {container.isProxy ? ' (proxy)' : ''}
        </Label>
      ))}
    </span>
  );
}

/** What istiod has sent to each proxy, and whether the proxy has taken it. */
export function ProxySync({ pods }: { pods: PodView[] }) {
  const rows = pods.filter((pod) => pod.proxyStatus);
  return (
    <section>
      <Title headingLevel="h2" size="lg">
        Proxies and their control plane
      </Title>
      <DataTable
        label="Sync state of the proxies"
        rows={rows}
        idOf={(pod) => pod.name}
        nothing="istiod knows no proxy of this workload"
        columns={[
          { title: 'Pod', cell: (pod) => pod.name },
          {
            title: 'istiod',
            cell: (pod) => `${pod.proxyStatus?.controlPlane.cluster}/${pod.proxyStatus?.controlPlane.pod}`,
          },
          { title: 'Version', cell: (pod) => pod.proxyStatus?.version ?? '–' },
          ...(['CDS', 'LDS', 'EDS', 'RDS'] as const).map((type) => ({
            title: type,
            cell: (pod: PodView) => <SyncMark state={pod.proxyStatus?.[type] ?? 'Unknown'} />,
          })),
        ]}
      />
    </section>
  );
}
