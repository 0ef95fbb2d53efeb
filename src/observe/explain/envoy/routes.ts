/** Which virtual host and which route takes a request, by Envoy's own rules. */

export interface Request {
  method: string;
  /** The Host header, as the client sends it. */
  authority: string;
  scheme: 'http' | 'https';
  path: string;
  /** Names in lower case. */
  headers: Record<string, string>;
}

/** Exact names before `*.suffix`, these before `prefix.*`, the longest first, and `*` last. */
export function virtualHostFor(config: any, authority: string): any {
  const hosts: any[] = config?.virtual_hosts ?? [];
  const host = (config?.ignore_port_in_host_matching ? authority.replace(/:\d+$/, '') : authority).toLowerCase();
  const ranked = hosts.flatMap((one) =>
    (one.domains ?? []).map((domain: string) => ({ one, rank: domainRank(domain.toLowerCase(), host) })),
  );
  const best = Math.max(0, ...ranked.map((entry) => entry.rank));
  return best === 0 ? undefined : ranked.find((entry) => entry.rank === best)?.one;
}

function domainRank(domain: string, host: string): number {
  if (domain === host) return 1_000_000;
  if (domain === '*') return 1;
  if (domain.startsWith('*'))
    return host.endsWith(domain.slice(1)) && host.length >= domain.length ? 10_000 + domain.length : 0;
  if (domain.endsWith('*')) return host.startsWith(domain.slice(0, -1)) ? 10 + domain.length : 0;
  return 0;
}

/** The first route that fits, and its place in the virtual host. */
export function routeFor(virtualHost: any, request: Request): { route: any; index: number } | undefined {
  const routes: any[] = virtualHost?.routes ?? [];
  const index = routes.findIndex((route) => fits(route.match ?? {}, request));
  return index === -1 ? undefined : { route: routes[index], index };
}

function fits(match: any, request: Request): boolean {
  const [path = '/', query = ''] = request.path.split('?');
  if (!pathFits(match, path)) return false;
  if (match.grpc && !String(request.headers['content-type'] ?? '').startsWith('application/grpc')) return false;
  const all = {
    ...request.headers,
    ':method': request.method,
    ':authority': request.authority,
    ':path': request.path,
    ':scheme': request.scheme,
  };
  if (!(match.headers ?? []).every((one: any) => headerFits(one, all[String(one.name).toLowerCase() as ':path'])))
    return false;
  const parameters = new URLSearchParams(query);
  return (match.query_parameters ?? []).every((one: any) => {
    const value = parameters.get(one.name);
    return one.string_match ? value !== null && stringFits(one.string_match, value) : value !== null;
  });
}

function pathFits(match: any, path: string): boolean {
  const fold = (text: string) => (match.case_sensitive === false ? text.toLowerCase() : text);
  if (match.path !== undefined) return fold(path) === fold(match.path);
  if (match.path_separated_prefix !== undefined)
    return path === match.path_separated_prefix || path.startsWith(`${match.path_separated_prefix}/`);
  if (match.safe_regex) return regexFits(match.safe_regex.regex, path);
  return fold(path).startsWith(fold(match.prefix ?? '/'));
}

function headerFits(matcher: any, value: string | undefined): boolean {
  const invert = matcher.invert_match === true;
  if (matcher.present_match !== undefined) return ((value !== undefined) === matcher.present_match) !== invert;
  if (value === undefined)
    return matcher.treat_missing_header_as_empty ? stringFits(matcher.string_match ?? {}, '') !== invert : invert;
  const string = matcher.string_match ?? {
    ...(matcher.exact_match === undefined ? {} : { exact: matcher.exact_match }),
    ...(matcher.prefix_match === undefined ? {} : { prefix: matcher.prefix_match }),
    ...(matcher.suffix_match === undefined ? {} : { suffix: matcher.suffix_match }),
    ...(matcher.safe_regex_match === undefined ? {} : { safe_regex: matcher.safe_regex_match }),
  };
  return stringFits(string, value) !== invert;
}

/** envoy.type.matcher.v3.StringMatcher. */
export function stringFits(matcher: any, value: string): boolean {
  const fold = (text: string) => (matcher.ignore_case ? text.toLowerCase() : text);
  const own = fold(value);
  if (matcher.exact !== undefined) return own === fold(matcher.exact);
  if (matcher.prefix !== undefined) return own.startsWith(fold(matcher.prefix));
  if (matcher.suffix !== undefined) return own.endsWith(fold(matcher.suffix));
  if (matcher.contains !== undefined) return own.includes(fold(matcher.contains));
  if (matcher.safe_regex) return regexFits(matcher.safe_regex.regex, value);
  return value === '';
}

/** RE2 matches the whole text. What JavaScript cannot read does not match. */
function regexFits(regex: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${regex})$`, 's').test(text);
  } catch {
    return false;
  }
}
