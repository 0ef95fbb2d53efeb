/** One cluster with what it has for the mesh, each with its state. */
import { Button, Label } from '@patternfly/react-core';
import type { ClusterRole, ClusterView } from '../../api.ts';
import { awayText, dayOf } from '../common/format.ts';
import { StateMark } from '../common/status.tsx';
import { FoundInCluster } from '../diagnosis/found-count.tsx';
import { ControlPlanes, Gateways, Part, Secrets } from './cluster-parts.tsx';
import { summaryText } from './proxy-certificates.tsx';

interface ClusterBoxProps {
  cluster: ClusterView;
  inFocus: boolean;
  onFocus: () => void;
}

const roleColours: Record<ClusterRole, 'blue' | 'teal' | 'grey'> = {
  primary: 'blue',
  remote: 'teal',
  unmeshed: 'grey',
  unknown: 'grey',
};

export function ClusterBox({ cluster, inFocus, onFocus }: ClusterBoxProps) {
  const { api, trust, prometheus } = cluster;
  return (
    <article
      data-cluster={cluster.name}
      className={`ist-box ${api.reachable ? '' : 'ist-box-away'} ${inFocus ? 'ist-box-focus' : ''}`}
      aria-label={`Cluster ${cluster.name}`}
    >
      <header className="ist-box-head">
        <Button variant="link" isInline aria-pressed={inFocus} onClick={onFocus}>
          {cluster.name}
        </Button>
        <Label isCompact color={roleColours[cluster.role]}>
          {cluster.role}
        </Label>
        <FoundInCluster cluster={cluster.name} />
        {cluster.kubernetesVersion && <span className="ist-quiet">Kubernetes {cluster.kubernetesVersion}</span>}
        {cluster.origin.type === 'remote-secret' && (
          <span className="ist-quiet">
            read by Secret {cluster.origin.cluster}/{cluster.origin.namespace}/{cluster.origin.name}
          </span>
        )}
      </header>
      <Part
        name="api"
        title="API server"
        state={api.reachable ? 'ok' : 'broken'}
        text={api.reachable ? (cluster.server ?? 'reachable') : 'unreachable'}
      >
        {!api.reachable && (
          <>
            <p className="ist-bad">{api.reason ?? 'No reason is known.'}</p>
            <p className="ist-quiet">
              {api.lastSeen ? `Last answer ${dayOf(api.lastSeen)}` : 'It has never answered.'}
            </p>
          </>
        )}
        {api.unseenKinds.length > 0 && (
          <p className="ist-warn">Not seen: {api.unseenKinds.map((one) => `${one.kind} (${one.why})`).join(', ')}</p>
        )}
      </Part>
      <ControlPlanes cluster={cluster} />
      <Part
        name="proxies"
        title="Data plane"
        text={`${cluster.counts.proxies} proxies, ${cluster.counts.workloads} workloads, ${cluster.counts.podsReady} of ${cluster.counts.pods} pods ready`}
      >
        {Object.keys(cluster.proxyVersions).length > 0 && (
          <p className="ist-quiet">
            {Object.entries(cluster.proxyVersions)
              .map(([version, count]) => `${count} × ${version}`)
              .join(', ')}
          </p>
        )}
      </Part>
      <Gateways gateways={cluster.gateways} />
      <Secrets cluster={cluster} />
      <Part
        name="trust"
        title="Trust"
        state={trust.state}
        text={trust.rootFingerprint ? `root ${trust.rootFingerprint.slice(0, 16)}` : 'no root is known'}
      >
        {trust.why && <p className={trust.state === 'ok' ? 'ist-quiet' : 'ist-bad'}>{trust.why}</p>}
        {trust.fix && <p className="ist-break">{trust.fix}</p>}
        {trust.certificates
          .filter(
            (one, index, all) =>
              one.kind !== 'workload' && all.findIndex((other) => other.fingerprint === one.fingerprint) === index,
          )
          .map((certificate) => (
            <p key={certificate.fingerprint} className="ist-quiet">
              {certificate.kind} ends {awayText(certificate.notAfter, Date.now())}
            </p>
          ))}
        {trust.workloads && (
          <p className={trust.workloads.state === 'ok' ? 'ist-quiet' : 'ist-bad'}>
            workloads: {summaryText(trust.workloads)}
          </p>
        )}
      </Part>
      <Part name="prometheus" title="Prometheus" state={prometheus.state} text={prometheus.source ?? 'none is found'}>
        {prometheus.why && prometheus.state !== 'ok' && <p className="ist-bad">{prometheus.why}</p>}
        {prometheus.targets && (
          <p className={prometheus.targets.down > 0 ? 'ist-warn' : 'ist-quiet'}>
            {prometheus.targets.up} targets up, {prometheus.targets.down} down
            {prometheus.clusters.length > 0 && `; series of ${prometheus.clusters.join(', ')}`}
          </p>
        )}
        {prometheus.federation.map((one) => (
          <StateMark
            key={`${one.job} ${one.target}`}
            state={one.state}
            text={`${one.job} from ${one.target}`}
            why={one.why}
          />
        ))}
      </Part>
    </article>
  );
}
