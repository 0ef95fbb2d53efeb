/** Which requests a rule takes: matches of VirtualServices as Envoy's route matches. */
import type { MeshProxy } from '../model.ts';
import { asksForPresence, stringMatch } from './string-match.ts';

/** What of a match is known before any request is: the port, the client and the gateway. */
export interface MatchPlace {
  proxy: MeshProxy;
  port: number;
  /** `mesh`, or the Gateway for which routes are made. */
  gateway: string;
}

/** A match that names gateways is not asked for labels or namespaces of the source (Istio's rule for HTTP). */
export function isReachable(match: any, { proxy, port, gateway }: MatchPlace): boolean {
  if (match.port && match.port !== port) return false;
  if (match.gateways?.length) return match.gateways.includes(gateway);
  if (match.sourceNamespace && match.sourceNamespace !== proxy.namespace) return false;
  return hasLabels(match, proxy);
}

/** The same for connections, of which every word counts. */
export function isReachableConnection(match: any, { proxy, port, gateway }: MatchPlace): boolean {
  if (match.port && match.port !== port) return false;
  if (match.gateways?.length && !match.gateways.includes(gateway)) return false;
  if (match.sourceNamespace && match.sourceNamespace !== proxy.namespace) return false;
  return hasLabels(match, proxy);
}

const hasLabels = (match: any, proxy: MeshProxy): boolean =>
  Object.entries(match.sourceLabels ?? {}).every(([key, value]) => proxy.labels[key] === value);

/**
 * @param match undefined for a rule without any, which takes all.
 * @param bySegment a prefix ends with a segment of the path, as the Gateway API has it
 */
export function routeMatch(match: any, bySegment = false): any {
  if (!match) return { prefix: '/' };
  const headers = [...namedHeaders(match), ...pseudoHeaders(match)];
  const query_parameters = Object.entries<any>(match.queryParams ?? {}).map(([name, value]) =>
    asksForPresence(value) ? { name, present_match: true } : { name, string_match: stringMatch(value) },
  );
  return {
    ...pathOf(match.uri, bySegment),
    case_sensitive: !match.ignoreUriCase,
    ...(headers.length > 0 ? { headers } : {}),
    ...(query_parameters.length > 0 ? { query_parameters } : {}),
  };
}

function pathOf(uri: any, bySegment: boolean): any {
  if (uri?.exact !== undefined) return { path: uri.exact };
  if (bySegment && uri?.prefix !== undefined && uri.prefix !== '/')
    return { path_separated_prefix: uri.prefix.replace(/\/$/, '') };
  if (uri?.prefix !== undefined) return { prefix: uri.prefix };
  return uri?.regex === undefined ? { prefix: '/' } : { safe_regex: { regex: uri.regex } };
}

function namedHeaders(match: any): any[] {
  const wanted = Object.entries(match.headers ?? {}).map(([name, value]) => headerMatch(name, value));
  const unwanted = Object.entries(match.withoutHeaders ?? {}).map(([name, value]) => ({
    ...headerMatch(name, value),
    invert_match: true,
    // A header that is not there is not the one that is unwanted.
    ...(asksForPresence(value) ? {} : { treat_missing_header_as_empty: true }),
  }));
  return [...wanted, ...unwanted].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const pseudoHeaders = (match: any): any[] =>
  ['method', 'authority', 'scheme'].flatMap((name) => (match[name] ? [headerMatch(`:${name}`, match[name])] : []));

const headerMatch = (name: string, value: any): any =>
  asksForPresence(value) ? { name, present_match: true } : { name, string_match: stringMatch(value) };

/** Whether no rule after one with this match is ever reached. */
export const takesAll = ({ prefix, safe_regex: regex, headers, query_parameters: query }: any): boolean =>
  (prefix === '/' || regex?.regex === '.*') && !headers && !query;
