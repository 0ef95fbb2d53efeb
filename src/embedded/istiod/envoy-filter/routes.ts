/** EnvoyFilter patches of route configurations, virtual hosts and routes. */
import { merged, patchList } from './operations.ts';
import { isMerge, type Patch, type PatchContext, type Patches } from './patches.ts';

/** @param servicePorts the ports of Services that lead to a port on which a gateway listens. */
export function patchedRoutes(
  patches: Patches,
  context: PatchContext,
  original: any,
  servicePorts: (port: number) => number[],
): any {
  if (patches.isEmpty) return original;
  let config = original;
  const fitting = (applyTo: string) =>
    patches.of(applyTo, context).filter((one) => configurationFits(config, one, context, servicePorts));
  for (const patch of fitting('ROUTE_CONFIGURATION')) if (isMerge(patch)) config = merged(config, patch);
  const hostPatches = fitting('VIRTUAL_HOST');
  const routePatches = fitting('HTTP_ROUTE');
  const hosts = (config.virtual_hosts ?? [])
    .map((one: any) => patchedHost(hostPatches, routePatches, one))
    .filter((one: any) => one !== undefined);
  const added = hostPatches.filter((one) => one.operation === 'ADD').map((one) => structuredClone(one.value));
  return { ...config, virtual_hosts: [...hosts, ...added] };
}

function patchedHost(hostPatches: Patch[], routePatches: Patch[], original: any): any {
  let host = original;
  for (const patch of hostPatches) {
    if (!hostFits(host, patch)) continue;
    if (patch.operation === 'REMOVE') return undefined;
    if (isMerge(patch)) host = merged(host, patch);
    else if (patch.operation === 'REPLACE') host = structuredClone(patch.value);
  }
  const concerned = routePatches.filter((one) => hostFits(host, one));
  let routes: any[] = (host.routes ?? []).flatMap((original: any): any[] => {
    let route = original;
    for (const patch of concerned) {
      if (!routeFits(route, patch)) continue;
      if (patch.operation === 'REMOVE') return [];
      if (isMerge(patch)) route = merged(route, patch);
    }
    return [route];
  });
  for (const patch of concerned) routes = insertedRoute(routes, patch);
  return { ...host, routes };
}

/** A route that is inserted first goes to the front, and only where the one that the patch names is there. */
function insertedRoute(routes: any[], patch: Patch): any[] {
  if (!['ADD', 'INSERT_AFTER', 'INSERT_BEFORE', 'INSERT_FIRST'].includes(patch.operation)) return routes;
  if (patch.operation === 'INSERT_FIRST' && names(patch) && !routes.some((one) => routeFits(one, patch))) return routes;
  return patchList(routes, patch, { names, fits: routeFits });
}

const names = ({ match }: Patch): boolean => match?.routeConfiguration?.vhost?.route !== undefined;

function configurationFits(
  config: any,
  { match }: Patch,
  context: PatchContext,
  servicePorts: (port: number) => number[],
): boolean {
  const { name, portNumber, portName, gateway } = match?.routeConfiguration ?? {};
  if (name && name !== config.name) return false;
  if (context !== 'GATEWAY') return !portNumber || portNumber === portOf(config.name);
  const [, port = '', named = '', gatewayName = '', namespace = ''] =
    /^http\.(\d+)$/.exec(config.name) ?? /^https\.(\d+)\.([^.]*)\.([^.]*)\.([^.]*)$/.exec(config.name) ?? [];
  if (portName && portName !== named) return false;
  if (gateway && gateway !== (gatewayName ? `${namespace}/${gatewayName}` : '')) return false;
  if (!portNumber) return true;
  const known = servicePorts(Number(port));
  return known.length > 0 ? known.includes(portNumber) : Number(port) === portNumber;
}

/** Inbound routes are named after their cluster, outbound ones after their port; others have none. */
function portOf(name: string): number {
  return Number(/^inbound\|(\d+)\|/.exec(name)?.[1] ?? (/^\d+$/.test(name) ? name : 0));
}

function hostFits(host: any, { match }: Patch): boolean {
  const { name, domainName } = match?.routeConfiguration?.vhost ?? {};
  return (!name || name === host.name) && (!domainName || (host.domains ?? []).includes(domainName));
}

const actions: Record<string, string> = { ROUTE: 'route', REDIRECT: 'redirect', DIRECT_RESPONSE: 'direct_response' };

function routeFits(route: any, { match }: Patch): boolean {
  const { name, action } = match?.routeConfiguration?.vhost?.route ?? {};
  if (name && name !== route.name) return false;
  if (!action || action === 'ANY') return true;
  const own = Object.values(actions).find((one) => one in route);
  return own === undefined || own === actions[action];
}
