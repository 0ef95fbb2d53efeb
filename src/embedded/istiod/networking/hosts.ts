/** Host names as Istio compares them: a leading `*` stands for anything, and is the only wildcard. */

/** A short name is one of the namespace in which it is written. */
export function resolveHost(host: string, namespace: string, domain: string): string {
  return host.includes('.') || host.startsWith('*') ? host : `${host}.${namespace}.svc.${domain}`;
}

export const isWildcard = (host: string): boolean => host.startsWith('*');

/** Whether every name that the second stands for is one of the first's. */
export const covers = (pattern: string, host: string): boolean => {
  if (pattern === '*' || pattern === host) return true;
  if (!isWildcard(pattern)) return false;
  return host.endsWith(pattern.slice(1)) && host.length >= pattern.length;
};

/** Whether there is a name that both stand for. */
export const overlap = (a: string, b: string): boolean => covers(a, b) || covers(b, a);

/** Of several that fit the first is the most exact: names before wildcards, longer before shorter. */
export const bySpecificity = (a: string, b: string): number =>
  Number(isWildcard(a)) - Number(isWildcard(b)) || b.length - a.length || a.localeCompare(b);
