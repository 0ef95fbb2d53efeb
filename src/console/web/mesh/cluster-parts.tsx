/** The parts of a cluster's box. Each says by `data-part` what it is, so that lines know where to begin and end. */
import type { ReactNode } from 'react';
import type { ClusterView, ControlPlaneView, GatewayView, State } from '../../api.ts';
import { awayText } from '../common/format.ts';
import { StateMark } from '../common/status.tsx';

interface PartProps {
  name: string;
  title: string;
  state?: State;
  text: ReactNode;
  children?: ReactNode;
}

export function Part({ name, title, state, text, children }: PartProps) {
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

export function ControlPlanes({ cluster }: { cluster: ClusterView }) {
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

export function Gateways({ gateways }: { gateways: GatewayView[] }) {
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

export function Secrets({ cluster }: { cluster: ClusterView }) {
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
