/** Headers that a rule sets, adds and removes. */

export interface HeaderOperations {
  /** Fields of an Envoy route, or of a weighted cluster. */
  fields: Record<string, unknown>;
  /** The host that a change of `:authority` or `host` asks for: Envoy takes it in another place. */
  authority: string | undefined;
}

const isInternal = (key: string): boolean => key.startsWith(':') || key.toLowerCase() === 'host';
const isAuthority = (key: string): boolean => [':authority', 'host'].includes(key.toLowerCase());

export function headerOperations(headers: any): HeaderOperations {
  const { request, response } = headers ?? {};
  const fields: Record<string, unknown[]> = {
    request_headers_to_add: additions(request),
    request_headers_to_remove: (request?.remove ?? []).filter((key: string) => !isInternal(key)),
    response_headers_to_add: additions(response),
    response_headers_to_remove: (response?.remove ?? []).filter((key: string) => !isInternal(key)),
  };
  const authority = [request?.add, request?.set]
    .flatMap((map) => Object.entries<string>(map ?? {}))
    .filter(([key]) => isAuthority(key))
    .at(-1)?.[1];
  return { fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value.length > 0)), authority };
}

const additions = (side: any): unknown[] => [
  ...list(side?.set, 'OVERWRITE_IF_EXISTS_OR_ADD'),
  ...list(side?.add, 'APPEND_IF_EXISTS_OR_ADD'),
];

const list = (map: Record<string, string> | undefined, append_action: string): unknown[] =>
  Object.entries(map ?? {})
    .filter(([key]) => !isInternal(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ header: { key, value }, append_action }));

/** The second's changes after the first's. */
export function joinedOperations(
  first: Record<string, unknown>,
  second: Record<string, unknown>,
): Record<string, unknown> {
  const joined = { ...first };
  for (const [key, value] of Object.entries(second))
    joined[key] = [...((joined[key] as unknown[]) ?? []), ...(value as unknown[])];
  return joined;
}
