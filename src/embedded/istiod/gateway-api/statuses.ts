/** What is written back into Gateways, routes and classes: conditions and addresses, as Istio words them. */
import { isIP } from 'node:net';
import type { Condition, KubeObject } from '../../../kube/index.ts';
import type { Reach } from './addresses.ts';
import {
  type Conditions,
  controllerName,
  fails,
  type GatewayReport,
  group,
  holds,
  type Listener,
  noWaypoints,
  type RouteReport,
  unmanagedController,
  waypointController,
} from './types.ts';

/** What has not changed keeps the time since when it holds; conditions of others stay. */
export function withConditions(
  known: Condition[] | undefined,
  wanted: Conditions,
  generation: number,
  now = new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
): Condition[] {
  const kept = (known ?? []).filter(({ type }) => !(type in wanted));
  const made = Object.entries(wanted).map(([type, facts]): Condition => {
    const before = (known ?? []).find((one) => one.type === type);
    const since = before?.status === facts.status ? before.lastTransitionTime : undefined;
    return { type, ...facts, observedGeneration: generation, lastTransitionTime: since ?? now };
  });
  return [...kept, ...made];
}

export function gatewayStatus(report: GatewayReport, reach: Reach): any {
  const { gateway, listeners, attached } = report;
  const { status, metadata } = gateway;
  const generation = metadata.generation ?? 0;
  const conditions = report.isRemote ? remote : gatewayConditions(report, reach);
  const addresses = report.isRemote ? (gateway['spec'].addresses ?? []) : addressesOf(reach);
  return {
    // Once there is an address it stays, though the pods behind it come and go.
    addresses: addresses.length > 0 ? addresses : (status?.addresses ?? []),
    conditions: withConditions(status?.conditions, conditions, generation),
    listeners: listeners.map((listener) => listenerStatus(listener, attached.get(listener.name) ?? 0)),
  };
}

const remote: Conditions = {
  Accepted: holds('Accepted', 'Resource accepted'),
  Programmed: holds('Programmed', 'This Gateway is remote; Istio will not program it'),
};

function gatewayConditions({ listeners, services, problem, refusal }: GatewayReport, reach: Reach): Conditions {
  if (refusal) return { Accepted: fails(refusal), Programmed: fails(refusal) };
  const valid = listeners.filter(({ isValid }) => isValid).length;
  const invalid = (message: string) => ({ reason: 'ListenersNotValid', message });
  const accepted = problem
    ? fails(problem)
    : valid === listeners.length
      ? holds('Accepted', 'Resource accepted')
      : valid === 0
        ? fails(invalid("None of the Gateway's listeners are valid"))
        : holds('ListenersNotValid', "One or more of the Gateway's listeners are invalid");
  return {
    Accepted: accepted,
    Programmed: programmed(services, reach),
    ResolvedRefs: holds('ResolvedRefs', 'All references resolved'),
  };
}

function programmed(services: string[], { internal, warnings, isUsable }: Reach) {
  const assigned = `ssigned to service(s) ${readable(internal)}`;
  if (services.length === 0)
    return fails({ reason: 'UnsupportedAddress', message: 'Failed to assign to any requested addresses' });
  if (warnings.length > 0)
    return fails({
      reason: isUsable ? 'AddressNotAssigned' : 'AddressNotUsable',
      message:
        internal.length > 0
          ? `A${assigned}, but failed to assign to all requested addresses: ${warnings.join('; ')}`
          : `Failed to assign to any requested addresses: ${warnings.join('; ')}`,
    });
  return holds('Programmed', internal.length > 0 ? `Resource programmed, a${assigned}` : 'Resource programmed');
}

const readable = (list: string[]): string =>
  list.length < 3 ? list.join(' and ') : `${list.slice(0, -1).join(', ')}, and ${list.at(-1)}`;

/** From outside where there is such a way, else the names of its Services. */
function addressesOf({ external, internal, pending }: Reach): any[] {
  const hosts = internal.map((one) => one.slice(0, one.lastIndexOf(':'))).filter((one) => !pending.includes(one));
  const values = external.length > 0 ? external : [...new Set(hosts)];
  return values.map((value) => ({ type: isIP(value) ? 'IPAddress' : 'Hostname', value }));
}

function listenerStatus({ gateway, name, kinds, conditions }: Listener, attachedRoutes: number): any {
  const known = gateway['status']?.listeners?.find((one: any) => one.name === name)?.conditions;
  return {
    name,
    attachedRoutes,
    supportedKinds: kinds.map((kind) => ({ group, kind })),
    conditions: withConditions(known, conditions, gateway.metadata.generation ?? 0),
  };
}

/** What other controllers say of their parents stays. */
export function routeStatus({ route, parents }: RouteReport): any {
  const known: any[] = route['status']?.parents ?? [];
  const mine = parents.map(({ parentRef, conditions }) => {
    const before = known.find((one) => one.controllerName === controllerName && isSame(one.parentRef, parentRef));
    return {
      parentRef,
      controllerName,
      conditions: withConditions(before?.conditions, conditions, route.metadata.generation ?? 0),
    };
  });
  return { parents: [...known.filter((one) => one.controllerName !== controllerName), ...mine] };
}

const isSame = (a: any, b: any): boolean =>
  ['group', 'kind', 'namespace', 'name', 'sectionName', 'port'].every((key) => a[key] === b[key]);

/** Undefined for the classes of others. */
export function classStatus({ spec, status, metadata }: KubeObject): any {
  const ours = [controllerName, unmanagedController].includes(spec.controllerName);
  if (!ours && spec.controllerName !== waypointController) return undefined;
  const accepted = ours
    ? holds('Accepted', 'Handled by Istio controller')
    : fails({ reason: 'Unsupported', message: noWaypoints });
  return {
    conditions: withConditions(status?.conditions, { Accepted: accepted }, metadata.generation ?? 0),
  };
}
