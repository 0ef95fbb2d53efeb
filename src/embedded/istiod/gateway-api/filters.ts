/** Filters of HTTPRoutes and GRPCRoutes as the fields of VirtualServices that do the same. */
import type { Problem } from './types.ts';

/** Changes of headers among the filters. A filter of any other type than those allowed is a problem, and so is a value that is no header's. */
export function headersOf(filters: any[], allowed: string[]): { headers: any; problem?: Problem } {
  const headers: any = {};
  for (const filter of filters) {
    if (!allowed.includes(filter.type))
      return {
        headers: undefined,
        problem: { reason: 'InvalidFilter', message: `unsupported filter type "${filter.type}"` },
      };
    const side = { RequestHeaderModifier: 'request', ResponseHeaderModifier: 'response' }[filter.type as string];
    if (!side) continue;
    const { add, set, remove } = filter.requestHeaderModifier ?? filter.responseHeaderModifier ?? {};
    const bad = [...(set ?? []), ...(add ?? [])].find(({ value }) => !isHeaderValue(value));
    if (bad)
      return {
        headers: undefined,
        problem: { reason: 'InvalidFilter', message: `header "${bad.name}" value contains invalid characters` },
      };
    headers[side] = {
      ...(add ? { add: named(add) } : {}),
      ...(set ? { set: named(set) } : {}),
      ...(remove ? { remove } : {}),
    };
  }
  return { headers: Object.keys(headers).length > 0 ? headers : undefined };
}

const isHeaderValue = (value: string): boolean =>
  [...Buffer.from(value)].every((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));

/** Of two entries of one name the first counts. */
function named(list: { name: string; value: string }[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, value } of list) found[name.toLowerCase()] ??= value;
  return found;
}

export function redirectOf({ statusCode, hostname, scheme, port, path }: any): any {
  return {
    ...(statusCode ? { redirectCode: statusCode } : {}),
    ...(hostname ? { authority: hostname } : {}),
    ...(scheme ? { scheme } : {}),
    // Without a word on the port it is that of the request, or that of the scheme.
    ...(port ? { port } : { derivePort: scheme ? 'FROM_PROTOCOL_DEFAULT' : 'FROM_REQUEST_PORT' }),
    ...(path?.type === 'ReplaceFullPath' ? { uri: path.replaceFullPath } : {}),
    ...(path?.type === 'ReplacePrefixMatch' ? { prefixRewrite: path.replacePrefixMatch } : {}),
  };
}

/** A prefix that becomes nothing leaves the slash before the rest. */
export function rewriteOf({ hostname, path }: any): any {
  const rewrite = {
    ...(path?.type === 'ReplacePrefixMatch' ? { uri: path.replacePrefixMatch.replace(/\/$/, '') || '/' } : {}),
    ...(path?.type === 'ReplaceFullPath' ? { uriRegexRewrite: { match: '/.*', rewrite: path.replaceFullPath } } : {}),
    ...(hostname ? { authority: hostname } : {}),
  };
  return Object.keys(rewrite).length > 0 ? rewrite : undefined;
}

/** Undefined for all requests. */
export function mirroredPercentage({ fraction, percent }: any): { value: number } | undefined {
  if (fraction) return { value: (100 * fraction.numerator) / (fraction.denominator ?? 100) };
  return percent === undefined ? undefined : { value: percent };
}

export function corsOf(cors: any): any {
  return {
    allowOrigins: (cors.allowOrigins ?? []).map(originMatch),
    ...(cors.allowCredentials ? { allowCredentials: true } : {}),
    ...(cors.allowMethods ? { allowMethods: cors.allowMethods } : {}),
    ...(cors.allowHeaders ? { allowHeaders: cors.allowHeaders } : {}),
    ...(cors.exposeHeaders ? { exposeHeaders: cors.exposeHeaders } : {}),
    ...(cors.maxAge ? { maxAge: `${cors.maxAge}s` } : {}),
    unmatchedPreflights: 'IGNORE',
  };
}

/** A star alone stands for any origin (RFC 6454), elsewhere for any text. */
function originMatch(origin: string): any {
  if (origin === '*') return { regex: '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\\s?#]+$' };
  if (!origin.includes('*')) return { exact: origin };
  if (origin.indexOf('*') === origin.length - 1) return { prefix: origin.slice(0, -1) };
  return { regex: `^${origin.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\*', '.*')}$` };
}
