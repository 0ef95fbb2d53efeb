/** Trust domain aliases: a policy that names one domain of the mesh means all of them. */

/**
 * The principals as they are compared: one whose trust domain is the mesh's, one of its aliases or `cluster.local` stands for the same
 * account in each of the mesh's domains. What is no full identity (`*`, `sa/x`) is left as it is.
 */
export function inAllDomains(principals: readonly string[], domains: readonly string[]): string[] {
  return principals.flatMap((principal) => {
    const [domain, ...rest] = principal.split('/') as [string, ...string[]];
    if (rest.length !== 4 || domain === '*') return [principal];
    if (domain !== 'cluster.local' && !domains.some((one) => overlap(domain, one))) return [principal];
    const made = domains.map((one) => (fitsSuffix(one, domain) ? principal : [one, ...rest].join('/')));
    return [...new Set(made)];
  });
}

/** The same for values that are trust domains. */
export function withAliases(values: readonly string[], domains: readonly string[]): string[] {
  return [...new Set(values.flatMap((value) => (domains.includes(value) ? domains : [value])))];
}

const fitsSuffix = (value: string, pattern: string): boolean =>
  pattern.startsWith('*') && value.endsWith(pattern.slice(1));
const fitsPrefix = (value: string, pattern: string): boolean =>
  pattern.endsWith('*') && value.startsWith(pattern.slice(0, -1));

/** Either side may be the pattern. */
const overlap = (a: string, b: string): boolean =>
  a === b || b === '*' || fitsPrefix(a, b) || fitsPrefix(b, a) || fitsSuffix(a, b) || fitsSuffix(b, a);
