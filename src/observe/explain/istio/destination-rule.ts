/** DestinationRules: which of them holds for a service and a client, what they say of a port and a subset. */
import type { KubeObject } from '../../../kube/index.ts';
import { inIstiosOrder, isExportedTo, resolveHost, selects, specificity } from './hosts.ts';

export interface DestinationRuleQuestion {
  hostname: string;
  serviceNamespace: string;
  clientNamespace: string;
  clientLabels: Record<string, string>;
  rootNamespace: string;
  domain: string;
  defaultExportTo?: readonly string[] | undefined;
}

export interface DestinationRuleChoice {
  /** The first gives the traffic policy; the others of its namespace for the same host add subsets. */
  chosen: KubeObject[];
  others: { object: KubeObject; why: string }[];
}

/** The client's namespace goes before the service's, and that before the root namespace; exact hosts before wildcards, the older first. */
export function destinationRuleFor(
  all: readonly KubeObject[],
  question: DestinationRuleQuestion,
): DestinationRuleChoice {
  const { hostname, clientNamespace, serviceNamespace, rootNamespace } = question;
  const naming = inIstiosOrder(all)
    .map((object) => ({ object, rank: rankOf(object, question) }))
    .filter((one) => one.rank > 0);
  const others: DestinationRuleChoice['others'] = [];
  let chosen: KubeObject[] = [];
  const namespaces = [...new Set([clientNamespace, serviceNamespace, rootNamespace])];
  for (const namespace of namespaces) {
    const here = naming.filter(({ object }) => object.metadata.namespace === namespace);
    const holding = here.filter(({ object }) => {
      const why = reasonAgainst(object, question);
      if (why) others.push({ object, why });
      return why === undefined;
    });
    const best = Math.max(0, ...holding.map((one) => one.rank));
    const rulesHere = holding.filter((one) => one.rank === best).map((one) => one.object);
    if (chosen.length === 0) chosen = rulesHere;
    const [winner] = chosen;
    for (const { object } of holding)
      if (!chosen.includes(object))
        others.push({
          object,
          why: `${winner?.metadata.namespace}/${winner?.metadata.name} goes before it for clients in ${clientNamespace}`,
        });
  }
  for (const { object } of naming)
    if (!namespaces.includes(object.metadata.namespace ?? ''))
      others.push({
        object,
        why: `it is in namespace ${object.metadata.namespace}; rules are looked for in the client's (${clientNamespace}), the service's (${serviceNamespace}) and the root namespace (${rootNamespace})`,
      });
  // Rules of one namespace with another selector of workloads are not merged with those without.
  const selector = JSON.stringify(chosen[0]?.['spec']?.workloadSelector ?? {});
  return { chosen: chosen.filter((one) => JSON.stringify(one['spec']?.workloadSelector ?? {}) === selector), others };

  function rankOf(object: KubeObject, { domain }: DestinationRuleQuestion): number {
    return specificity(resolveHost(object['spec']?.host ?? '', object.metadata.namespace ?? '', domain), hostname);
  }
}

function reasonAgainst(object: KubeObject, question: DestinationRuleQuestion): string | undefined {
  const { clientNamespace, clientLabels } = question;
  const wanted = object['spec']?.workloadSelector?.matchLabels;
  if (wanted && (object.metadata.namespace !== clientNamespace || !selects(wanted, clientLabels)))
    return 'its workloadSelector does not select the client';
  // In the client's own namespace a rule holds whatever it is exported to.
  if (object.metadata.namespace !== clientNamespace && !isExportedTo(object, clientNamespace, question.defaultExportTo))
    return `it is not exported to namespace ${clientNamespace} (exportTo: ${(object['spec']?.exportTo ?? []).join(', ')})`;
  return undefined;
}

export function subsetOf(
  rules: readonly KubeObject[],
  name: string,
): { rule: KubeObject; subset: any; index: number } | undefined {
  for (const rule of rules) {
    const index = (rule['spec']?.subsets ?? []).findIndex((one: any) => one.name === name);
    if (index !== -1) return { rule, subset: rule['spec'].subsets[index], index };
  }
  return undefined;
}

const parts = ['loadBalancer', 'connectionPool', 'outlierDetection', 'tls', 'proxyProtocol'] as const;
export type PolicyPart = (typeof parts)[number];

/**
 * What holds for a port of a subset, each part with the field that it is from. Settings of a port replace the whole policy around them
 * (what they leave out is the default, not inherited); a subset replaces part by part.
 */
export function trafficPolicy(
  rules: readonly KubeObject[],
  subsetName: string,
  port: number,
): Partial<Record<PolicyPart, { value: any; rule: KubeObject; field: string }>> {
  const found: Partial<Record<PolicyPart, { value: any; rule: KubeObject; field: string }>> = {};
  const take = (rule: KubeObject, policy: any, field: string): void => {
    const index = (policy?.portLevelSettings ?? []).findIndex((one: any) => one.port?.number === port);
    for (const part of parts) {
      if (index !== -1) {
        delete found[part];
        const value = policy.portLevelSettings[index][part];
        if (value !== undefined) found[part] = { value, rule, field: `${field}.portLevelSettings[${index}].${part}` };
      } else if (policy?.[part] !== undefined) found[part] = { value: policy[part], rule, field: `${field}.${part}` };
    }
  };
  const [first] = rules;
  if (first) take(first, first['spec']?.trafficPolicy, 'spec.trafficPolicy');
  const subset = subsetName ? subsetOf(rules, subsetName) : undefined;
  if (subset?.subset.trafficPolicy)
    take(subset.rule, subset.subset.trafficPolicy, `spec.subsets[${subset.index}].trafficPolicy`);
  return found;
}
