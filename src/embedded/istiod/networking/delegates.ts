/**
 * A rule of a VirtualService that is left to another one (delegate): each of the other's rules holds within the match of the first, and
 * takes from it what it does not say itself. One that would reach beyond is left out.
 */

/** @param root the rule that delegates. @param parts the rules of the other VirtualService. */
export function mergedRules(root: any, parts: any[]): any[] {
  return parts.flatMap((part) => {
    const match = mergedMatches(root.match ?? [], part.match ?? []);
    if (!match) return [];
    const { delegate: _, match: _match, name: rootName, ...inherited } = root;
    const name = [rootName, part.name].filter(Boolean).join('-');
    return [{ ...inherited, ...part, match, ...(name ? { name } : {}) }];
  });
}

/** Undefined where one of the part's matches fits none of the root's. */
function mergedMatches(root: any[], part: any[]): any[] | undefined {
  if (root.length === 0) return part;
  if (part.length === 0) return root;
  const merged: any[] = [];
  for (const inner of part) {
    const fitting = root.filter((outer) => isWithin(outer, inner));
    if (fitting.length === 0) return undefined;
    merged.push(...fitting.map((outer) => mergedMatch(outer, inner)));
  }
  return merged;
}

const mapFields = ['headers', 'withoutHeaders', 'queryParams', 'sourceLabels'] as const;

function mergedMatch(outer: any, inner: any): any {
  const maps = Object.fromEntries(
    mapFields
      .map((field) => [field, { ...outer[field], ...inner[field] }] as const)
      .filter(([, value]) => Object.keys(value).length > 0),
  );
  const name = [outer.name, inner.name].filter(Boolean).join('-');
  const gateways = inner.gateways?.length ? inner.gateways : outer.gateways;
  return { ...outer, ...inner, ...maps, ...(name ? { name } : {}), ...(gateways ? { gateways } : {}) };
}

function isWithin(outer: any, inner: any): boolean {
  for (const field of ['uri', 'scheme', 'method', 'authority']) if (!fits(outer[field], inner[field])) return false;
  for (const field of ['headers', 'withoutHeaders', 'queryParams'])
    for (const [key, value] of Object.entries(inner[field] ?? {})) if (!fits(outer[field]?.[key], value)) return false;
  if (Boolean(outer.ignoreUriCase) !== Boolean(inner.ignoreUriCase)) return false;
  if (outer.port && inner.port && outer.port !== inner.port) return false;
  if (outer.sourceNamespace && inner.sourceNamespace !== outer.sourceNamespace) return false;
  for (const [key, value] of Object.entries(inner.sourceLabels ?? {}))
    if (outer.sourceLabels?.[key] !== undefined && outer.sourceLabels[key] !== value) return false;
  if (outer.gateways?.length && inner.gateways?.length)
    return inner.gateways.every((one: string) => outer.gateways.includes(one));
  return true;
}

/** Whether what the inner match takes is taken by the outer one as well; of a regular expression that cannot be known. */
function fits(outer: any, inner: any): boolean {
  if (!outer || !inner) return true;
  if (outer.exact) return inner.exact === outer.exact;
  if (outer.prefix && inner.prefix) return inner.prefix.startsWith(outer.prefix);
  if (outer.prefix && inner.exact) return inner.exact.startsWith(outer.prefix);
  return false;
}
