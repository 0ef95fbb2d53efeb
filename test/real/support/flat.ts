/** What two control planes serve, as paths and values, so that each difference has a name. Lists whose order means nothing are keyed by content. */
import type { Served } from './ads-client.ts';

export interface FlatDifference {
  path: string;
  istio: string | undefined;
  isthmus: string | undefined;
}

export function flatDifferences(istio: Served, isthmus: Served): FlatDifference[] {
  const [theirs, ours] = [flat(istio), flat(isthmus)];
  return [...new Set([...theirs.keys(), ...ours.keys()])]
    .filter((path) => theirs.get(path) !== ours.get(path))
    .sort()
    .map((path) => ({ path, istio: theirs.get(path), isthmus: ours.get(path) }));
}

export function flat(served: Served): Map<string, string> {
  const facts = new Map<string, string>();
  for (const [kind, resources] of Object.entries(served))
    for (const [name, resource] of resources as Map<string, any>) add(facts, `${kind}/${name}`, '', resource);
  return facts;
}

/** What tells the entries of a list apart, where it is not their place in it. */
const keys: Record<string, (entry: any) => string> = {
  filter_chains: (entry) => JSON.stringify(sorted(entry.filter_chain_match ?? {})),
  endpoints: ({ locality = {}, priority = 0 }) =>
    `${[locality.region, locality.zone, locality.sub_zone].map((one) => one ?? '').join('/')} ${priority}`,
  lb_endpoints: ({ endpoint }) => {
    const { address, port_value } = endpoint.address.socket_address ?? {};
    return `${address}:${port_value}`;
  },
  virtual_hosts: ({ name }) => name,
  query_parameters: ({ name }) => name,
  http_filters: ({ name }) => name,
  request_headers_to_add: ({ header }) => header.key,
  response_headers_to_add: ({ header }) => header.key,
};

function add(facts: Map<string, string>, path: string, field: string, value: any): void {
  if (Array.isArray(value)) {
    if (field === 'domains') facts.set(path, JSON.stringify([...value].sort()));
    else if (value.length === 0) facts.set(path, '[]');
    else addList(facts, path, field, value);
    return;
  }
  if (typeof value !== 'object' || value === null) {
    facts.set(path, String(value));
    return;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) facts.set(path, '{}');
  for (const [key, one] of entries)
    if (/^match_(typed_)?subject_alt_names$/.test(key)) facts.set(`${path}/names`, acceptedNames(one as any[]));
    else if (key !== '@type') add(facts, `${path}/${key}`, key, one);
}

/** The order of filters decides; of several with one name, the place among them tells which it is. */
function addList(facts: Map<string, string>, path: string, field: string, list: any[]): void {
  const seen = new Map<string, number>();
  for (const [index, entry] of list.entries()) {
    const key = keys[field]?.(entry) ?? String(index);
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    add(facts, `${path}[${key}${count > 0 ? ` ${count + 1}` : ''}]`, '', entry);
  }
  if (field === 'http_filters')
    facts.set(
      `${path}/order`,
      list
        .map((one) => one.name)
        .filter((one) => !measuring.test(one))
        .join(' '),
    );
}

/** Filters that carry metrics and peers' labels. */
const measuring = /header_to_metadata|set_filter_state|grpc_stats|alpn|istio/;

/** Istio names them without their kinds, in a field of Envoy's that is to go. */
const acceptedNames = (names: any[]): string =>
  [...new Set(names.map((one) => JSON.stringify(sorted(one.matcher ?? one))))].sort().join(' ');

function sorted(value: any): any {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a.localeCompare(b)));
}
