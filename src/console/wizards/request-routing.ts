import { type ConfigObject, type Existing, httpRoutes, type ServiceKey, virtualServiceOf } from './objects.ts';
import { type Weight, weighted, withSubsets } from './subsets.ts';

export interface Match {
  of: 'header' | 'uri' | 'method' | 'authority';
  /** The header's. */
  name?: string;
  how: 'exact' | 'prefix' | 'regex';
  value: string;
}

/** A rule before those that are there: requests that fit all matches go to the versions. */
export function requestRouting(
  service: ServiceKey,
  rule: { matches: Match[]; weights: Weight[] },
  existing: Existing = {},
): ConfigObject[] {
  const versions = rule.weights.filter(({ weight }) => weight > 0).map(({ version }) => version);
  const { rule: destinationRule, subsetOf } = withSubsets(service, versions, existing.destinationRule);
  const virtualService = virtualServiceOf(service, existing.virtualService);
  httpRoutes(service, virtualService).unshift({
    match: [matchOf(rule.matches)],
    route: weighted(service, rule.weights, subsetOf),
  });
  return [destinationRule, virtualService];
}

function matchOf(matches: Match[]): Record<string, unknown> {
  const match: Record<string, any> = {};
  for (const { of, name = '', how, value } of matches) {
    if (of === 'header') match['headers'] = { ...match['headers'], [name.toLowerCase()]: { [how]: value } };
    else match[of] = { [how]: value };
  }
  return match;
}

/** What is wrong with matches, or undefined. */
export function matchesMistake(matches: Match[]): string | undefined {
  if (matches.length === 0) return 'Without a match the rule would take all requests; use traffic shifting for that.';
  for (const { of, name, how, value } of matches) {
    if (of === 'header' && !name) return 'A header needs a name.';
    if (of === 'header' && !/^[A-Za-z0-9-]+$/.test(name ?? '')) return `"${name}" is no name of a header.`;
    if (value === '') return `The value of a match is empty: ${of}${of === 'header' ? ` ${name}` : ''}.`;
    if (of === 'uri' && how !== 'regex' && !value.startsWith('/')) return 'A path begins with /.';
  }
  const once = matches.map(({ of, name }) => (of === 'header' ? `header ${name?.toLowerCase()}` : of));
  const twice = once.find((one, index) => once.indexOf(one) !== index);
  return twice ? `There are two matches of ${twice}; a request must fit both, so write one.` : undefined;
}
