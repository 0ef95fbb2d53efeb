/** Versions of a service as subsets of its DestinationRule. */
import { type ConfigObject, destinationRuleOf, hostOf, type ServiceKey } from './objects.ts';

export interface Weight {
  /** The value of the label `version`. */
  version: string;
  /** Percent. */
  weight: number;
}

/** The rule with a subset for each version. Subsets that are there are kept, and used where their labels are just that version. */
export function withSubsets(
  service: ServiceKey,
  versions: string[],
  existing?: ConfigObject,
): { rule: ConfigObject; subsetOf: (version: string) => string } {
  const rule = destinationRuleOf(service, existing);
  const subsets: { name: string; labels?: Record<string, string> }[] = rule.spec['subsets'] ?? [];
  const names = new Map<string, string>();
  for (const version of versions) {
    const fits = subsets.find(
      ({ labels = {} }) => labels['version'] === version && Object.keys(labels).length === 1,
    )?.name;
    const name = fits ?? freeName(version, subsets);
    if (fits === undefined) subsets.push({ name, labels: { version } });
    names.set(version, name);
  }
  rule.spec['subsets'] = subsets;
  return { rule, subsetOf: (version) => names.get(version) ?? version };
}

function freeName(version: string, subsets: { name: string }[]): string {
  const base = version.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  let name = base;
  for (let count = 2; subsets.some((one) => one.name === name); count += 1) name = `${base}-${count}`;
  return name;
}

/** Destinations of a route; versions of no weight are left out, and a single one needs no weight. */
export function weighted(service: ServiceKey, weights: Weight[], subsetOf: (version: string) => string) {
  const sent = weights.filter(({ weight }) => weight > 0);
  return sent.map(({ version, weight }) => ({
    destination: { host: hostOf(service), subset: subsetOf(version) },
    ...(sent.length > 1 ? { weight } : {}),
  }));
}

/** What is wrong with weights, or undefined. */
export function weightsMistake(weights: Weight[]): string | undefined {
  if (weights.length === 0)
    return 'No workload of the service has the label version, so there is nothing to choose from.';
  if (weights.some(({ weight }) => !Number.isInteger(weight) || weight < 0 || weight > 100))
    return 'Weights are whole numbers from 0 to 100.';
  const sum = weights.reduce((all, { weight }) => all + weight, 0);
  return sum === 100 ? undefined : `Weights add up to ${sum}; they must make 100.`;
}

/** One share set, the others made smaller or larger in their proportion, so that all make 100. */
export function rebalanced(weights: Weight[], index: number, weight: number): Weight[] {
  const set = Math.min(100, Math.max(0, Math.round(weight)));
  const others = weights.reduce((sum, one, at) => (at === index ? sum : sum + one.weight), 0);
  let rest = 100 - set;
  const last = weights.findLastIndex((_, at) => at !== index);
  return weights.map((one, at) => {
    if (at === index) return { ...one, weight: last === -1 ? 100 : set };
    const part = others > 0 ? one.weight / others : 1 / (weights.length - 1);
    const share = at === last ? rest : Math.min(rest, Math.round((100 - set) * part));
    rest -= share;
    return { ...one, weight: share };
  });
}
