/**
 * AuthorizationPolicies as Envoy's RBAC filters: what asks a provider first (CUSTOM), then what is logged (AUDIT), what is denied, and what
 * is allowed. Policies with the annotation istio.io/dry-run are evaluated and counted, and decide nothing.
 */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { attachedPolicies } from './attachment.ts';
import { customFilters } from './custom.ts';
import { type FilterKind, rbacFilter } from './rbac-filter.ts';
import { never, type RbacAction, type RuleContext, rbacPolicy } from './rules.ts';

/** The three of them, in the order in which Istio has them. */
const actions: [action: string, rbac: RbacAction][] = [
  ['AUDIT', 'LOG'],
  ['DENY', 'DENY'],
  ['ALLOW', 'ALLOW'],
];

/** Filters of policies that Envoy decides itself; they come after the tokens have been checked. */
export function authorizationFilters(snapshot: MeshSnapshot, proxy: MeshProxy, kind: FilterKind): any[] {
  const policies = attachedPolicies(snapshot, proxy, 'AuthorizationPolicy');
  return actions.flatMap(([action, rbac]) => {
    const concerned = policies.filter((one) => actionOf(one) === action);
    if (concerned.length === 0) return [];
    const { enforced, shadow } = ruleSets(snapshot, concerned, rbac, kind);
    return [
      rbacFilter(kind, {
        ...(enforced ? { rules: enforced } : {}),
        ...(shadow ? { shadow_rules: shadow } : {}),
        ...shadowPrefix(shadow ? rbac : 'ALLOW'),
      }),
    ];
  });
}

/** Filters of policies of action CUSTOM; they come before all others. */
export function customAuthorizationFilters(snapshot: MeshSnapshot, proxy: MeshProxy, kind: FilterKind): any[] {
  const policies = attachedPolicies(snapshot, proxy, 'AuthorizationPolicy').filter((one) => actionOf(one) === 'CUSTOM');
  const byProvider = Map.groupBy(policies, (one) => String(one['spec']?.provider?.name ?? ''));
  return [...byProvider]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([provider, list]) => {
      const { enforced, shadow } = ruleSets(snapshot, list, 'DENY', kind, provider);
      // Istio serves one provider for a workload, and denies what asks several.
      const others = byProvider.size > 1;
      return customFilters(snapshot, { provider, others, kind, enforced: enforced ?? noRules, shadow });
    });
}

const noRules = { action: 'DENY', policies: {} };

const actionOf = (policy: KubeObject): string => policy['spec']?.action ?? 'ALLOW';

/** Istio states the prefix of ALLOW also where nothing is a dry run. */
const shadowPrefix = (action: RbacAction): any =>
  action === 'LOG' ? {} : { shadow_rules_stat_prefix: `istio_dry_run_${action.toLowerCase()}_` };

function ruleSets(
  snapshot: MeshSnapshot,
  policies: KubeObject[],
  action: RbacAction,
  kind: FilterKind,
  provider?: string,
): { enforced?: any; shadow?: any } {
  const { trustDomain, trustDomainAliases } = snapshot.meshConfig;
  const make = (list: KubeObject[]) => ({
    action,
    policies: Object.fromEntries(
      list.flatMap((policy) =>
        named(policy, provider, {
          namespace: policy.metadata.namespace ?? '',
          tcp: kind === 'tcp',
          action,
          trustDomains: [trustDomain, ...trustDomainAliases],
        }),
      ),
    ),
  });
  const [dry, enforced] = [policies.filter(isDryRun), policies.filter((one) => !isDryRun(one))];
  return {
    ...(enforced.length > 0 ? { enforced: make(enforced) } : {}),
    ...(dry.length > 0 ? { shadow: make(dry) } : {}),
  };
}

/** The names by which Envoy's log and metadata, and the provider's filter, know a rule. */
function named(policy: KubeObject, provider: string | undefined, context: RuleContext): [string, any][] {
  const prefix = provider === undefined ? '' : `istio-ext-authz-${provider ? `${provider}-` : ''}`;
  const name = (index: number): string =>
    `${prefix}ns[${policy.metadata.namespace}]-policy[${policy.metadata.name}]-rule[${index}]`;
  const rules: any[] = policy['spec']?.rules ?? [];
  if (rules.length === 0) return [[name(0), never]];
  return rules.flatMap((rule, index): [string, any][] => {
    const made = rule ? rbacPolicy(rule, context) : undefined;
    return made ? [[name(index), made]] : [];
  });
}

function isDryRun({ metadata }: KubeObject): boolean {
  return /^(1|t|true)$/i.test(metadata.annotations?.['istio.io/dry-run'] ?? '');
}
