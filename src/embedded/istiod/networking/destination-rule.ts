/** DestinationRules: which one concerns a service for a client, and what it says of a subset. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshProxy, MeshService, MeshSnapshot } from '../model.ts';
import { bySpecificity, covers, resolveHost } from './hosts.ts';
import { isExportedTo } from './visibility.ts';

interface Indexed {
  host: string;
  /** Rules of one host in one namespace, in the order of their age; each with a selector of its own or with none. */
  rules: KubeObject[];
}

const indexes = new WeakMap<object, Map<string, Indexed[]>>();

/** Rules by namespace; those of one host and selector are merged into the oldest. */
function indexOf(snapshot: MeshSnapshot): Map<string, Indexed[]> {
  const all = snapshot.config.get('DestinationRule') ?? [];
  const known = indexes.get(all);
  if (known) return known;
  const index = new Map<string, Indexed[]>();
  for (const rule of all) {
    const { namespace = '' } = rule.metadata;
    const host = resolveHost(rule['spec']?.host ?? '', namespace, snapshot.domain).toLowerCase();
    const ofNamespace = index.get(namespace) ?? [];
    index.set(namespace, ofNamespace);
    const ofHost = ofNamespace.find((one) => one.host === host);
    if (!ofHost) ofNamespace.push({ host, rules: [rule] });
    else ofHost.rules = mergedInto(ofHost.rules, rule);
  }
  for (const list of index.values()) list.sort((a, b) => bySpecificity(a.host, b.host));
  indexes.set(all, index);
  return index;
}

const audience = (rule: KubeObject): string =>
  JSON.stringify([rule['spec']?.workloadSelector?.matchLabels ?? null, [...(rule['spec']?.exportTo ?? [])].sort()]);

/** The second rule of a host adds its subsets; its policy counts where the first has none. */
function mergedInto(rules: KubeObject[], rule: KubeObject): KubeObject[] {
  const at = rules.findIndex((one) => audience(one) === audience(rule));
  if (at === -1) return [...rules, rule];
  const first = rules[at]!;
  const known = new Set((first['spec'].subsets ?? []).map((one: any) => one.name));
  const subsets = [
    ...(first['spec'].subsets ?? []),
    ...(rule['spec'].subsets ?? []).filter((one: any) => !known.has(one.name)),
  ];
  const trafficPolicy = first['spec'].trafficPolicy ?? rule['spec'].trafficPolicy;
  return rules.with(at, { ...first, spec: { ...first['spec'], subsets, ...(trafficPolicy ? { trafficPolicy } : {}) } });
}

/**
 * The rule for a service: of the client's namespace, else the service's, else the root namespace. The first of these that has one for the
 * host decides, even if its selector leaves the client out; the most exact host goes first. Selectors count in the client's namespace only.
 */
export function destinationRuleFor(
  snapshot: MeshSnapshot,
  client: Pick<MeshProxy, 'namespace' | 'labels'>,
  service: Pick<MeshService, 'hostname' | 'namespace'>,
): KubeObject | undefined {
  const index = indexOf(snapshot);
  for (const namespace of new Set([client.namespace, service.namespace, snapshot.rootNamespace])) {
    const fitting = (index.get(namespace) ?? []).filter(({ host }) => covers(host, service.hostname));
    for (const { rules } of fitting) {
      const visible = rules.filter((rule) =>
        isExportedTo(snapshot, 'DestinationRule', { exportTo: rule['spec']?.exportTo, namespace }, client.namespace),
      );
      if (visible.length === 0) continue;
      return (
        (namespace === client.namespace ? visible.find((one) => selects(one, client.labels)) : undefined) ??
        visible.find((one) => !selectorOf(one))
      );
    }
  }
  return undefined;
}

const selectorOf = (rule: KubeObject): Record<string, string> | undefined =>
  rule['spec']?.workloadSelector?.matchLabels;

function selects(rule: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  const selector = selectorOf(rule);
  return selector !== undefined && Object.entries(selector).every(([key, value]) => labels[key] === value);
}

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

const portFields = ['connectionPool', 'outlierDetection', 'loadBalancer', 'tls'] as const;

/**
 * What holds for a port: a subset's policy replaces the rule's field by field, and settings of a port replace all four of the fields that
 * they can hold, also those that they leave out.
 */
export function trafficPolicy(rule: KubeObject | undefined, subset: Subset | undefined, port: number): any {
  const whole = forPort(rule?.['spec']?.trafficPolicy, port);
  const part = subset?.trafficPolicy;
  if (!part) return whole;
  const { portLevelSettings: _, ...merged } = { ...whole, ...part };
  const own = settingsOf(part, port);
  return own ? { ...without(merged), ...own } : merged;
}

function forPort(policy: any, port: number): any {
  if (!policy) return {};
  const { portLevelSettings: _, ...rest } = policy;
  const own = settingsOf(policy, port);
  return own ?? rest;
}

function settingsOf(policy: any, port: number): any {
  const found = (policy?.portLevelSettings ?? []).find((one: any) => one.port?.number === port);
  if (!found) return undefined;
  const { port: _, ...settings } = found;
  return settings;
}

const without = (policy: any): any =>
  Object.fromEntries(Object.entries(policy).filter(([key]) => !(portFields as readonly string[]).includes(key)));
