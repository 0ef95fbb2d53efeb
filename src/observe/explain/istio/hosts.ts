/** Host names in Istio's configuration: short names, wildcards, and whom an object is exported to. */
import type { KubeObject } from '../../../kube/index.ts';

/** A name without a dot is one of the namespace of the object in which it is written; others stay as they are. */
export function resolveHost(host: string, namespace: string, domain: string): string {
  return host.includes('.') || host.startsWith('*') ? host : `${host}.${namespace}.svc.${domain}`;
}

/** How well a pattern names a host: 0 not at all, more the more specific; an exact name is Infinity. */
export function specificity(pattern: string, hostname: string): number {
  if (pattern === hostname) return Number.POSITIVE_INFINITY;
  if (pattern === '*') return 1;
  return pattern.startsWith('*') && hostname.endsWith(pattern.slice(1)) ? pattern.length : 0;
}

/** `.` is the object's own namespace, `~` nobody; without exportTo the mesh's default holds, which is `*`. */
export function isExportedTo(object: KubeObject, namespace: string, defaults: readonly string[] = ['*']): boolean {
  const written: string[] = object['spec']?.exportTo ?? [];
  const exportTo = written.length > 0 ? written : defaults;
  return exportTo.some(
    (one) => one === '*' || one === namespace || (one === '.' && object.metadata.namespace === namespace),
  );
}

/** Istio's order of configuration: the oldest first, then by name and namespace. */
export function inIstiosOrder<T extends KubeObject>(objects: readonly T[]): T[] {
  const key = ({ metadata }: KubeObject): string =>
    [metadata.creationTimestamp ?? '', metadata.name ?? '', metadata.namespace ?? ''].join('\n');
  return [...objects].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

export function selects(labels: Record<string, string> | undefined, of: Record<string, string> | undefined): boolean {
  return Object.entries(labels ?? {}).every(([key, value]) => of?.[key] === value);
}
