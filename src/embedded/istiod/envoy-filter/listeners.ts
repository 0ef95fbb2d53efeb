/** EnvoyFilter patches of listeners: the listener itself, its filters, filter chains, network filters and HTTP filters. */
import { merged, mergedFilter, mergedSocket, patchList } from './operations.ts';
import { contextOf, isMerge, type Patch, type PatchContext, type Patches } from './patches.ts';
import { patchedRoutes } from './routes.ts';

const managerName = 'envoy.filters.network.http_connection_manager';
const virtual = ['virtualInbound', 'virtualOutbound'];

/** First what is there is changed, then listeners are added. */
export function patchedListeners(patches: Patches, context: PatchContext, listeners: any[]): any[] {
  if (patches.isEmpty) return listeners;
  const kept = listeners.map((one) => patchedListener(patches, context, one)).filter((one) => one !== undefined);
  const added = patches
    .of('LISTENER', context)
    // Without a context a listener is added once: to the outbound side, or to a gateway.
    .filter((one) => one.operation === 'ADD' && (contextOf(one) !== 'ANY' || context !== 'SIDECAR_INBOUND'))
    .map((one) => structuredClone(one.value));
  return [...kept, ...added];
}

function patchedListener(patches: Patches, context: PatchContext, original: any): any {
  let listener = original;
  const fitting = (applyTo: string) => patches.of(applyTo, context).filter((one) => listenerFits(listener, one));
  for (const patch of fitting('LISTENER')) {
    if (patch.operation === 'REMOVE') return undefined;
    if (isMerge(patch)) listener = merged(listener, patch);
  }
  for (const patch of fitting('LISTENER_FILTER')) {
    const names = ({ match }: Patch) => Boolean(match?.listener?.listenerFilter);
    const fits = (filter: any, { match }: Patch) => filter.name === match?.listener?.listenerFilter;
    let filters: any[] = listener.listener_filters ?? [];
    if (patch.operation === 'MERGE') {
      if (names(patch)) filters = filters.map((one) => (fits(one, patch) ? mergedFilter(one, patch) : one));
    } else filters = patchList(filters, patch, { names, fits });
    listener = { ...listener, listener_filters: filters };
  }
  const chains = (listener.filter_chains ?? [])
    .map((one: any) => patchedChain(patches, context, listener, one))
    .filter((one: any) => one !== undefined);
  const added = fitting('FILTER_CHAIN').filter((one) => one.operation === 'ADD');
  const { default_filter_chain: byDefault, ...rest } = listener;
  const last = byDefault && patchedChain(patches, context, listener, byDefault);
  return {
    ...rest,
    filter_chains: [...chains, ...added.map((one) => structuredClone(one.value))],
    ...(last ? { default_filter_chain: last } : {}),
  };
}

function patchedChain(patches: Patches, context: PatchContext, listener: any, original: any): any {
  let chain = original;
  const fitting = (applyTo: string) =>
    patches.of(applyTo, context).filter((one) => listenerFits(listener, one) && chainFits(listener, chain, one));
  for (const patch of fitting('FILTER_CHAIN')) {
    if (patch.operation === 'REMOVE') return undefined;
    if (!isMerge(patch)) continue;
    const socket = mergedSocket(chain.transport_socket, patch);
    chain = socket ? { ...chain, transport_socket: socket } : merged(chain, patch);
  }
  let filters: any[] = chain.filters ?? [];
  const network = fitting('NETWORK_FILTER');
  for (const patch of network) filters = patchList(filters, patch, { names: namesNetwork, fits: networkFits });
  const http = fitting('HTTP_FILTER');
  filters = filters.map((original) => {
    let filter = original;
    for (const patch of network) if (networkFits(filter, patch)) filter = mergedFilter(filter, patch);
    return filter.name === managerName && filter.typed_config
      ? { ...filter, typed_config: patchedManager(patches, context, http, filter) }
      : filter;
  });
  return { ...chain, filters };
}

function patchedManager(patches: Patches, context: PatchContext, http: Patch[], filter: any): any {
  const manager = filter.typed_config;
  const concerned = http.filter((one) => networkFits(filter, one));
  let filters: any[] = manager.http_filters ?? [];
  for (const patch of concerned) filters = patchList(filters, patch, { names: namesHttp, fits: httpFits });
  filters = filters.map((original) =>
    concerned.reduce((one, patch) => (httpFits(one, patch) ? mergedFilter(one, patch) : one), original),
  );
  return {
    ...manager,
    http_filters: filters,
    // The routes of inbound traffic are part of its listener.
    ...(manager.route_config && context === 'SIDECAR_INBOUND'
      ? { route_config: patchedRoutes(patches, context, manager.route_config, () => []) }
      : {}),
  };
}

/** The port of a virtual listener is that of a chain. */
function listenerFits(listener: any, { applyTo, match }: Patch): boolean {
  const { name, portNumber } = match?.listener ?? {};
  if (name && name !== listener.name) return false;
  if (!portNumber || (applyTo !== 'LISTENER' && virtual.includes(listener.name))) return true;
  return listener.address?.socket_address?.port_value === portNumber;
}

function chainFits(listener: any, chain: any, { match }: Patch): boolean {
  const { portNumber, filterChain } = match?.listener ?? {};
  const own = chain.filter_chain_match ?? {};
  if (portNumber && virtual.includes(listener.name) && own.destination_port !== portNumber) return false;
  const { name, sni, transportProtocol, applicationProtocols, destinationPort } = filterChain ?? {};
  return (
    (!name || name === chain.name) &&
    (!sni || (own.server_names ?? []).includes(sni)) &&
    (!transportProtocol || own.transport_protocol === transportProtocol) &&
    (!applicationProtocols ||
      String(applicationProtocols)
        .split(',')
        .every((one) => (own.application_protocols ?? []).includes(one))) &&
    (!destinationPort || own.destination_port === destinationPort)
  );
}

const filterMatch = ({ match }: Patch): any => match?.listener?.filterChain?.filter ?? undefined;
const namesNetwork = (patch: Patch): boolean => filterMatch(patch) !== undefined;
const networkFits = (filter: any, patch: Patch): boolean =>
  !namesNetwork(patch) || filterMatch(patch).name === filter.name;
const namesHttp = (patch: Patch): boolean => filterMatch(patch)?.subFilter !== undefined;
const httpFits = (filter: any, patch: Patch): boolean =>
  !namesHttp(patch) || filterMatch(patch).subFilter.name === filter.name;
