/** Which listener and which of its filter chains takes a connection, by Envoy's own rules. */
import type { ProxyDump } from './dump.ts';

/** What a listener can see of a connection before its first filter runs. */
export interface Connection {
  address: string;
  port: number;
  transport: 'tls' | 'raw_buffer';
  /** SNI, of TLS. */
  serverName?: string | undefined;
  /** ALPN of TLS, or what inspection makes of plain text: http/1.1, h2c. */
  applicationProtocols: string[];
}

/** The outbound listener for a destination: the one bound to its address, else to its port, else the catch-all itself. */
export function outboundListener(dump: ProxyDump, address: string, port: number): any {
  const catchAll = [...dump.listeners.values()].find((one) => one.use_original_dst === true);
  const others = [...dump.listeners.values()].filter((one) => one.traffic_direction === 'OUTBOUND' && one !== catchAll);
  return (
    others.find((one) => isBoundTo(one, address, port)) ??
    others.find((one) => isBoundTo(one, '0.0.0.0', port) || isBoundTo(one, '::', port)) ??
    catchAll
  );
}

/** The listener that receives connections on a port of the proxy's own pod. */
export function boundListener(dump: ProxyDump, port: number): any {
  return [...dump.listeners.values()].find(
    (one) => one.bind_to_port !== false && addressesOf(one).some((address) => address?.port_value === port),
  );
}

const addressesOf = (listener: any): any[] =>
  [listener.address, ...(listener.additional_addresses ?? []).map((one: any) => one.address)].map(
    (one) => one?.socket_address,
  );

const isBoundTo = (listener: any, address: string, port: number): boolean =>
  addressesOf(listener).some((one) => one?.address === address && one?.port_value === port);

/**
 * The filter chain: criteria are tried in Envoy's order, at each the most specific chains go on, and there is no way back. Undefined when
 * none fits and there is no default: Envoy then closes the connection.
 */
export function filterChainFor(listener: any, connection: Connection): any {
  let chains: any[] = listener.filter_chains ?? [];
  const has = (filter: string) =>
    (listener.listener_filters ?? []).some((one: any) => String(one.name).endsWith(filter));
  // Without its inspector a listener sees neither TLS nor HTTP.
  const seesTls = has('tls_inspector');
  const alpn = connection.transport === 'tls' ? seesTls : has('http_inspector');
  const seen = {
    ...connection,
    transport: seesTls ? connection.transport : 'raw_buffer',
    serverName: seesTls && connection.transport === 'tls' ? connection.serverName : undefined,
    applicationProtocols: alpn ? connection.applicationProtocols : [],
  };
  for (const rank of [byPort, byAddress, byServerName, byTransport, byProtocol]) {
    const ranked = chains.map((chain) => ({ chain, rank: rank(chain.filter_chain_match ?? {}, seen as Connection) }));
    const best = Math.max(-1, ...ranked.map((one) => one.rank));
    chains = best < 0 ? [] : ranked.filter((one) => one.rank === best).map((one) => one.chain);
  }
  return chains[0] ?? listener.default_filter_chain;
}

/** Each gives -1 for a chain that does not fit, 0 for one that does not ask, and more the more specific it is. */
type Rank = (match: any, connection: Connection) => number;

const byPort: Rank = (match, { port }) =>
  match.destination_port === undefined ? 0 : match.destination_port === port ? 1 : -1;

const byAddress: Rank = (match, { address }) => {
  const ranges: any[] = match.prefix_ranges ?? [];
  if (ranges.length === 0) return 0;
  const lengths = ranges
    .filter((one) => isInRange(address, one.address_prefix, one.prefix_len ?? 0))
    .map((one) => 1 + Number(one.prefix_len ?? 0));
  return Math.max(-1, ...lengths);
};

const byServerName: Rank = (match, { serverName }) => {
  const names: string[] = match.server_names ?? [];
  if (names.length === 0) return 0;
  if (serverName === undefined) return -1;
  const ranks = names.map((name) =>
    name === serverName ? 1_000 : name.startsWith('*.') && serverName.endsWith(name.slice(1)) ? name.length : -1,
  );
  return Math.max(-1, ...ranks);
};

const byTransport: Rank = (match, { transport }) =>
  !match.transport_protocol ? 0 : match.transport_protocol === transport ? 1 : -1;

const byProtocol: Rank = (match, { applicationProtocols }) => {
  const wanted: string[] = match.application_protocols ?? [];
  if (wanted.length === 0) return 0;
  // The connection's first choice that any chain takes wins.
  const index = applicationProtocols.findIndex((one) => wanted.includes(one));
  return index === -1 ? -1 : applicationProtocols.length - index;
};

/** IPv4 only; of other families equal addresses. */
export function isInRange(address: string, prefix: string, length: number): boolean {
  const [a, b] = [numberOf(address), numberOf(prefix)];
  if (a === undefined || b === undefined) return address === prefix;
  if (length === 0) return true;
  return a >>> (32 - length) === b >>> (32 - length);
}

function numberOf(address: string): number | undefined {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((one) => !Number.isInteger(one) || one < 0 || one > 255)) return undefined;
  return parts.reduce((sum, one) => sum * 256 + one, 0) >>> 0;
}
