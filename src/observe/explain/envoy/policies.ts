/** Which policies a proxy has: control planes name the rules of Envoy's RBAC filters after the objects that they are made of. */
import { managerOf } from './dump.ts';

/** How a policy is in effect: as it says, as a dry run, by asking a provider, or denying since its provider cannot be asked. */
export type Enforcement = 'enforced' | 'dry-run' | 'provider' | 'bad-provider';

export interface EnforcedPolicies {
  /** By `namespace/name`. */
  policies: ReadonlyMap<string, Enforcement>;
  /** Actions for which there is a filter; one without rules lets nobody in if it allows. */
  actions: ReadonlySet<string>;
  /** Issuers whose tokens are checked. */
  issuers: readonly string[];
}

const ruleName =
  /^(istio-ext-authz-.*?)?ns\[([^\]]*)\]-policy\[([^\]]*)\]-rule\[\d+\](-deny-due-to-bad-CUSTOM-action)?$/;

export function enforcedPolicies(chain: any): EnforcedPolicies {
  const filters: any[] = [...(managerOf(chain)?.http_filters ?? []), ...(chain?.filters ?? [])].map(
    (one) => one.typed_config,
  );
  const ofType = (type: string) => filters.filter((one) => String(one?.['@type']).endsWith(`.${type}`));
  const policies = new Map<string, Enforcement>();
  const actions = new Set<string>();
  for (const { rules, shadow_rules: shadow } of ofType('RBAC')) {
    if (rules) actions.add(rules.action ?? 'ALLOW');
    for (const [set, isShadow] of [
      [shadow, true],
      [rules, false],
    ] as const)
      for (const rule of Object.keys(set?.policies ?? {})) {
        const [, provider, namespace, name, bad] = ruleName.exec(rule) ?? [];
        if (name === undefined) continue;
        const how = bad ? 'bad-provider' : provider ? 'provider' : isShadow ? 'dry-run' : 'enforced';
        policies.set(`${namespace}/${name}`, how);
      }
  }
  const providers = ofType('JwtAuthentication').flatMap((one) => Object.values<any>(one.providers ?? {}));
  return { policies, actions, issuers: [...new Set(providers.map((one) => String(one.issuer ?? '')))] };
}
