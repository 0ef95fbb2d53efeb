/** DestinationRules: which one concerns a service for a client, and what it says of a subset. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshService, MeshSnapshot } from '../model.ts';

/** The rule for a host: of the client's namespace, else the service's, else the root namespace; exact hosts before wildcards. */
export function destinationRuleFor(
  snapshot: MeshSnapshot,
  clientNamespace: string,
  service: MeshService,
): KubeObject | undefined {
  const all = snapshot.config.get('DestinationRule') ?? [];
  for (const namespace of new Set([clientNamespace, service.namespace, snapshot.rootNamespace])) {
    const fitting = all.filter(
      (one) =>
        one.metadata.namespace === namespace &&
        hostFits(resolveHost(one['spec']?.host ?? '', namespace, snapshot.domain), service.hostname),
    );
    const [best] = fitting.sort(
      (a, b) => Number(a['spec'].host.startsWith('*')) - Number(b['spec'].host.startsWith('*')),
    );
    if (best) return best;
  }
  return undefined;
}

/** A short name is one of the namespace in which it is written. */
export function resolveHost(host: string, namespace: string, domain: string): string {
  return host.includes('.') || host.startsWith('*') ? host : `${host}.${namespace}.svc.${domain}`;
}

export const hostFits = (pattern: string, hostname: string): boolean =>
  pattern === hostname || pattern === '*' || (pattern.startsWith('*.') && hostname.endsWith(pattern.slice(1)));

export interface Subset {
  name: string;
  labels: Record<string, string>;
  trafficPolicy: any;
}

export function subsetsOf(rule: KubeObject | undefined): Subset[] {
  return (rule?.['spec']?.subsets ?? []).map((one: any) => ({
    name: one.name,
    labels: one.labels ?? {},
    trafficPolicy: one.trafficPolicy,
  }));
}

/** What holds for a port: port-level settings replace those of the policy around them; a subset's policy replaces the rule's field by field. */
export function trafficPolicy(rule: KubeObject | undefined, subset: Subset | undefined, port: number): any {
  const merged = { ...rule?.['spec']?.trafficPolicy, ...subset?.trafficPolicy };
  const forPort = (merged.portLevelSettings ?? []).find((one: any) => one.port?.number === port);
  const { portLevelSettings: _, ...policy } = merged;
  return forPort ? { ...policy, ...forPort } : policy;
}
