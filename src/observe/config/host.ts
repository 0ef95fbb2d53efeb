/** Host names as Istio reads them in its configuration. */

/** A short name is completed with the namespace of the object that holds it; `a.b` is not short, except as `service.namespace`. */
export function fullHost(host: string, namespace: string, domain = 'cluster.local'): string {
  if (host.includes('*')) return host;
  const parts = host.split('.');
  if (parts.length === 1) return `${host}.${namespace}.svc.${domain}`;
  return host;
}

/** The service that a host means, when it is one of Kubernetes' names. */
export function serviceOfHost(
  host: string,
  namespace: string,
  domain = 'cluster.local',
): { namespace: string; name: string } | undefined {
  const parts = host.split('.');
  if (host.includes('*')) return undefined;
  if (parts.length === 1) return { name: host, namespace };
  if (parts.length === 2 || (parts.length === 3 && parts[2] === 'svc'))
    return { name: parts[0]!, namespace: parts[1]! };
  if (parts[2] === 'svc' && parts.slice(3).join('.') === domain) return { name: parts[0]!, namespace: parts[1]! };
  return undefined;
}

/** Whether a host, perhaps with `*` as its first label, covers a name. */
export function covers(host: string, name: string): boolean {
  if (host === '*' || host === name) return true;
  return host.startsWith('*') && name.endsWith(host.slice(1)) && name.length > host.length - 1;
}
