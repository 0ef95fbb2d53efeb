/** Where the rules of a route lead. What cannot be reached stays in the list with no host: its share of the requests is answered with 500. */
import type { KubeObject } from '../../../kube/index.ts';
import { headersOf } from './filters.ts';
import { isGranted } from './grants.ts';
import type { GatewayApiInput, Problem, RouteKind } from './types.ts';

export interface RuleContext {
  input: GatewayApiInput;
  kind: RouteKind;
  route: KubeObject;
  /** Rules for the mesh need no ReferenceGrants (Istio's rule). */
  isMesh: boolean;
}

export interface Destinations {
  destinations: any[];
  /** The rule holds in spite of it. */
  problem?: Problem | undefined;
  /** The whole route does not. */
  fatal?: Problem | undefined;
}

export const weightOf = (ref: any): number => ref.weight ?? 1;
export const totalWeight = (refs: any[] | undefined): number =>
  (refs ?? []).reduce((sum, one) => sum + weightOf(one), 0);

/** Destinations of a VirtualService, with weights where there are several; those of weight zero are left out. */
export function destinationsOf(refs: any[] | undefined, context: RuleContext): Destinations {
  const used = (refs ?? []).filter((one) => weightOf(one) > 0);
  const destinations: any[] = [];
  let problem: Problem | undefined;
  for (const ref of used) {
    const found = destinationOf(ref, context);
    if (found.fatal) return { destinations: [], fatal: found.fatal };
    problem = found.problem ?? problem;
    const { headers, problem: bad } = headersOf(ref.filters ?? [], ['RequestHeaderModifier', 'ResponseHeaderModifier']);
    if (bad) return { destinations: [], fatal: bad };
    destinations.push({
      destination: found.destination,
      ...(used.length > 1 ? { weight: weightOf(ref) } : {}),
      ...(headers ? { headers } : {}),
    });
  }
  return { destinations, problem };
}

export function destinationOf(
  ref: any,
  { input, kind, route, isMesh }: RuleContext,
): { destination: any; problem?: Problem; fatal?: Problem } {
  const own = route.metadata.namespace ?? '';
  const namespace = ref.namespace ?? own;
  const to = { group: ref.group ?? '', kind: ref.kind ?? 'Service', namespace, name: ref.name };
  if (!isMesh && !isGranted(input.grants, { from: { kind, namespace: own }, to }))
    return {
      destination: {},
      problem: {
        reason: 'RefNotPermitted',
        message: `backendRef ${ref.name}/${namespace} not accessible to a ${kind} in namespace "${own}" (missing a ReferenceGrant?)`,
      },
    };
  const at = (host: string, exists: boolean) => {
    if (!ref.port) return invalid('port is required in backendRef');
    const destination = { host, port: { number: ref.port } };
    if (exists) return { destination };
    return { destination, problem: { reason: 'BackendNotFound', message: `backend(${host}) not found` } };
  };
  if (to.group === '' && to.kind === 'Service') {
    if (ref.name.includes('.'))
      return invalid('service name invalid; the name of the Service must be used, not the hostname.');
    return at(`${ref.name}.${namespace}.svc.${input.domain}`, input.hasService(namespace, ref.name));
  }
  if (to.group === 'networking.istio.io' && to.kind === 'Hostname') {
    if (ref.namespace) return invalid('namespace may not be set with Hostname type');
    const isStated = input.serviceEntries.some(({ spec }) => (spec.hosts ?? []).includes(ref.name));
    return at(ref.name, isStated || isServiceHost(ref.name, input));
  }
  return {
    destination: {},
    problem: {
      reason: 'InvalidKind',
      message: `referencing unsupported backendRef: group "${to.group}" kind "${to.kind}"`,
    },
  };
}

const invalid = (message: string) => ({ destination: {}, fatal: { reason: 'InvalidDestination', message } });

function isServiceHost(host: string, input: GatewayApiInput): boolean {
  const [name = '', namespace = '', ...rest] = host.split('.');
  return rest.join('.') === `svc.${input.domain}` && input.hasService(namespace, name);
}
