/** To what a route attaches: listeners of Gateways, or Services and ServiceEntries for requests within the mesh (GAMMA). */
import type { KubeObject } from '../../../kube/index.ts';
import { covers, overlap } from '../networking/hosts.ts';
import { type GatewayApiInput, group, type Listener, type Problem, type RouteKind } from './types.ts';

export interface Attachment {
  parentRef: any;
  /** Undefined for the mesh. */
  listener: Listener | undefined;
  /** Hosts of the Service or ServiceEntry whose callers are meant. */
  meshHosts: string[];
  denied: Problem | undefined;
  /** Hostnames of the Gateway's other listeners on the port, to which more exact names belong. */
  rivals: string[];
}

/** References to other kinds are for other controllers: nothing is said of them. */
export function attachmentsOf(
  kind: RouteKind,
  route: KubeObject,
  listeners: readonly Listener[],
  input: GatewayApiInput,
): Attachment[] {
  return (route['spec'].parentRefs ?? []).flatMap((parentRef: any): Attachment[] => {
    const namespace = parentRef.namespace ?? route.metadata.namespace;
    const parent = `${parentRef.group ?? group}/${parentRef.kind ?? 'Gateway'}`;
    if (parent === '/Service' || parent === 'networking.istio.io/ServiceEntry')
      return [meshAttachment(parentRef, namespace, input)];
    if (parent !== `${group}/Gateway`) return [];
    const here = listeners.filter(
      ({ gateway, conditions }) =>
        gateway.metadata.name === parentRef.name &&
        gateway.metadata.namespace === namespace &&
        conditions['Conflicted']?.status !== 'True',
    );
    return here.map((listener) => ({
      parentRef,
      listener,
      meshHosts: [],
      denied: deniedBy(listener, parentRef, kind, route),
      rivals: here
        .filter((one) => one !== listener && one.port === listener.port && one.protocol === listener.protocol)
        .map(({ hostname }) => hostname)
        .filter((one) => one !== listener.hostname),
    }));
  });
}

function meshAttachment(parentRef: any, namespace: string, input: GatewayApiInput): Attachment {
  const isEntry = parentRef.kind === 'ServiceEntry';
  const entry = input.serviceEntries.find(
    ({ metadata }) => metadata.name === parentRef.name && metadata.namespace === namespace,
  );
  const exists = isEntry ? entry !== undefined : input.hasService(namespace, parentRef.name);
  const what = isEntry ? 'service entry' : 'service';
  return {
    parentRef,
    listener: undefined,
    meshHosts: isEntry ? (entry?.['spec'].hosts ?? []) : [`${parentRef.name}.${namespace}.svc.${input.domain}`],
    denied: exists
      ? undefined
      : { reason: 'NoMatchingParent', message: `parent ${what}: "${parentRef.name}" not found` },
    rivals: [],
  };
}

function deniedBy(listener: Listener, parentRef: any, kind: RouteKind, route: KubeObject): Problem | undefined {
  const { metadata, spec } = route;
  if (parentRef.port && parentRef.port !== listener.port)
    return { reason: 'NoMatchingParent', message: `port ${parentRef.port} not found` };
  if (parentRef.sectionName && parentRef.sectionName !== listener.name)
    return { reason: 'NoMatchingParent', message: `sectionName "${parentRef.sectionName}" not found` };
  const names: string[] = spec.hostnames?.length ? spec.hostnames : ['*'];
  const fitting = listener.hosts.filter((host) => names.some((name) => overlap(host.split('/')[1]!, name)));
  if (fitting.length === 0)
    return {
      reason: 'NoMatchingListenerHostname',
      message: `no hostnames matched parent hostname "${listener.hostname}"`,
    };
  if (!fitting.some((host) => ['*', metadata.namespace].includes(host.split('/')[0])))
    return {
      reason: 'NotAllowedByListeners',
      message: `hostnames matched parent hostname "${listener.hostname}", but namespace "${metadata.namespace}" is not allowed by the parent`,
    };
  if (!listener.kinds.includes(kind))
    return { reason: 'NotAllowedByListeners', message: `kind ${group}/v1/${kind} is not allowed` };
  return undefined;
}

/** Whether a name of a route is this listener's: another one on the port may have it more exactly. */
export function isOwnName({ listener, rivals }: Attachment, name: string): boolean {
  if (!listener) return true;
  const own = listener.hostname;
  if (own && !own.startsWith('*')) return true;
  if (own && !overlap(own, name)) return false;
  return !rivals.some((rival) => own.length <= rival.length && covers(rival || '*', name));
}
