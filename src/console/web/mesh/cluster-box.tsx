/** One cluster with what it has for the mesh, each with its state. */
import { Button, Label } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import type { ClusterRole, ClusterView, ControlPlaneView, GatewayView, State } from '../../api.ts';
import { awayText, dayOf } from '../common/format.ts';
import { StateMark } from '../common/status.tsx';

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
        {cluster.kubernetesVersion && <span className="ist-quiet">Kubernetes {cluster.kubernetesVersion}</span>}
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

interface PartProps {
  name: string;
  title: string;
  state?: State;
  text: ReactNode;
  children?: ReactNode;
}

function Part({ name, title, state, text, children }: PartProps) {
  return (
    <div className="ist-part" data-part={name}>
      <h3>{title}</h3>
      <div>
        {state ? <StateMark state={state} text={String(text)} /> : <p>{text}</p>}
        {children}
      </div>
    </div>
  );
}

function ControlPlanes({ cluster }: { cluster: ClusterView }) {
  if (cluster.controlPlanes.length === 0)
    return (
      <Part
        name="control-plane"
        title="Control plane"
        text={cluster.controlledBy.length > 0 ? `istiod of ${cluster.controlledBy.join(', ')}` : 'none'}
      />
    );
  return (
    <div className="ist-part" data-part="control-plane">
      <h3>Control plane</h3>
      <div>
        {cluster.controlPlanes.map((one) => (
          <ControlPlane key={`${one.namespace}/${one.name}`} of={one} />
        ))}
      </div>
    </div>
  );
}

function ControlPlane({ of }: { of: ControlPlaneView }) {
  const stale = of.proxies?.stale ?? [];
  return (
    <>
      <StateMark
        state={of.state}
        text={`${of.name} ${of.version ?? ''} ${of.revision === 'default' ? '' : of.revision}`}
        why={of.why}
      />
      <p className="ist-quiet">
        {of.replicas.ready} of {of.replicas.desired} ready
        {of.proxies && `; ${of.proxies.synced} of ${of.proxies.total} proxies in sync`}
      </p>
      {of.serves && of.serves.length > 0 && (
        <p className="ist-quiet">reads {of.serves.map((one) => `${one.cluster} (${one.syncStatus})`).join(', ')}</p>
      )}
      {stale.slice(0, 3).map((one) => (
        <p key={one.proxy} className="ist-warn">
          {one.proxy} in {one.cluster} has not taken {one.types.join(', ')}
        </p>
      ))}
    </>
  );
}

function Gateways({ gateways }: { gateways: GatewayView[] }) {
  if (gateways.length === 0) return <Part name="gateways" title="Gateways" text="none" />;
  return (
    <div className="ist-part" data-part="gateways">
      <h3>Gateways</h3>
      <div>
        {gateways.map((one) => (
          <div key={`${one.namespace}/${one.name}`}>
            <StateMark state={one.state} text={`${one.name} (${one.type})`} />
            <p className="ist-quiet">
              {one.addresses.join(', ') || 'no address'}; ports {one.ports.map((port) => port.port).join(', ')};{' '}
              {one.replicas.ready} of {one.replicas.desired} ready
            </p>
            {one.why && one.state !== 'ok' && <p className="ist-bad">{one.why}</p>}
            {one.fix && one.state !== 'ok' && <p className="ist-break">{one.fix}</p>}
          </div>
        ))}
      </div>
    </div>
  );
}

function Secrets({ cluster }: { cluster: ClusterView }) {
  if (cluster.remoteSecrets.length === 0) return null;
  return (
    <div className="ist-part" data-part="secrets">
      <h3>Remote secrets</h3>
      <div>
        {cluster.remoteSecrets.map((one) => (
          <div key={`${one.namespace}/${one.name}/${one.target}`}>
            <StateMark state={one.state} text={`to ${one.target}`} why={one.fix} />
            <p className="ist-quiet">
              {one.server}
              {one.syncStatus && `; ${one.syncStatus}`}
              {one.tokenExpires && `; token ends ${awayText(one.tokenExpires, Date.now())}`}
            </p>
            {one.why && one.state !== 'ok' && <p className="ist-bad">{one.why}</p>}
          </div>
        ))}
      </div>
    </div>
  );
}
