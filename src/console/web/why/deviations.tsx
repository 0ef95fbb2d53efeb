import type { Deviation, ObjectReference } from '../../api.ts';
import { Mark } from '../common/status.tsx';
import { PageLink } from '../shell/links.tsx';
import { toneOfDeviation } from './tones.ts';

/** What is not as it should be, the object it is of, and what to do. */
export function DeviationList({ deviations }: { deviations: Deviation[] }) {
  if (deviations.length === 0) return null;
  return (
    <ul className="ist-deviations">
      {deviations.map((one) => (
        <li key={`${one.code} ${one.message}`} className={`ist-deviation ist-deviation-${one.severity}`}>
          <Mark tone={toneOfDeviation[one.severity]} text={one.message} />
          <div className="ist-quiet">
            {one.code}
            {one.object && (
              <>
                {' · '}
                <Reference object={one.object} />
              </>
            )}
          </div>
          {one.fix && <pre className="ist-fix">{one.fix}</pre>}
        </li>
      ))}
    </ul>
  );
}

/** The versions that the pages of Istio's objects are asked by. */
const groups: Record<string, string> = {
  VirtualService: 'networking.istio.io/v1',
  DestinationRule: 'networking.istio.io/v1',
  ServiceEntry: 'networking.istio.io/v1',
  Sidecar: 'networking.istio.io/v1',
  WorkloadEntry: 'networking.istio.io/v1',
  PeerAuthentication: 'security.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
};

/** An object that decides, as a link where it has a page. */
export function Reference({ object }: { object: ObjectReference }) {
  const text = `${object.kind} ${[object.cluster, object.namespace, object.name].filter(Boolean).join('/')}`;
  const at = `/clusters/${encodeURIComponent(object.cluster)}/namespaces/${encodeURIComponent(object.namespace ?? '')}`;
  const group = groups[object.kind];
  if (group && object.namespace)
    return <PageLink to={`${at}/istio/${group}/${object.kind}/${object.name}`}>{text}</PageLink>;
  if (object.kind === 'Service' && object.namespace)
    return <PageLink to={`${at}/services/${object.name}`}>{text}</PageLink>;
  if (object.kind === 'Deployment' && object.namespace)
    return <PageLink to={`${at}/workloads/${object.name}`}>{text}</PageLink>;
  return <span>{text}</span>;
}
