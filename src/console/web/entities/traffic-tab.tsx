import { Title } from '@patternfly/react-core';
import type { TrafficPeer } from '../../api.ts';
import { DataTable } from '../common/data-table.tsx';
import { bytesText, percentText, rateText } from '../common/format.ts';
import { ClusterLabel } from '../common/status.tsx';
import { type EntityKind, EntityLink } from '../shell/links.tsx';

const pages: Partial<Record<TrafficPeer['type'], EntityKind>> = {
  workload: 'workloads',
  app: 'applications',
  service: 'services',
};

/** Who calls, and who is called, with the cluster of each. */
export function TrafficTab({ peers }: { peers: TrafficPeer[] }) {
  return (
    <>
      <Peers title="Inbound" peers={peers.filter((peer) => peer.direction === 'inbound')} />
      <Peers title="Outbound" peers={peers.filter((peer) => peer.direction === 'outbound')} />
    </>
  );
}

function Peers({ title, peers }: { title: string; peers: TrafficPeer[] }) {
  return (
    <section className="ist-below">
      <Title headingLevel="h2" size="lg">
        {title}
      </Title>
      <DataTable
        label={`${title} traffic`}
        rows={peers}
        idOf={(peer) => [peer.cluster, peer.namespace, peer.name, peer.type, peer.version, peer.protocol].join('/')}
        nothing="No traffic in this range of time"
        sortedBy={{ column: 4, down: true }}
        columns={[
          {
            title: 'Peer',
            cell: (peer) => {
              const kind = pages[peer.type];
              return kind && peer.name !== 'unknown' ? <EntityLink kind={kind} entity={peer} /> : peer.name;
            },
            sort: (peer) => peer.name,
          },
          { title: 'Kind', cell: (peer) => peer.type, sort: (peer) => peer.type },
          { title: 'Namespace', cell: (peer) => peer.namespace, sort: (peer) => peer.namespace },
          { title: 'Cluster', cell: (peer) => <ClusterLabel name={peer.cluster} />, sort: (peer) => peer.cluster },
          {
            title: 'Rate',
            cell: (peer) => (peer.protocol === 'tcp' ? `${bytesText(peer.rate)}/s` : `${rateText(peer.rate)} rps`),
            sort: (peer) => peer.rate,
          },
          { title: 'Failed', cell: (peer) => percentText(peer.errorPercent), sort: (peer) => peer.errorPercent },
          { title: 'Protocol', cell: (peer) => peer.protocol, sort: (peer) => peer.protocol },
          {
            title: 'Mutual TLS',
            cell: (peer) => (peer.mtlsPercent === undefined ? 'not known' : percentText(peer.mtlsPercent)),
            sort: (peer) => peer.mtlsPercent ?? -1,
          },
          {
            title: 'Crosses clusters',
            cell: (peer) => (peer.crossCluster ? 'yes' : ''),
            sort: (peer) => Number(peer.crossCluster),
          },
        ]}
      />
    </section>
  );
}
