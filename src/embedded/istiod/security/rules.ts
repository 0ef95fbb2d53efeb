/** One rule of an AuthorizationPolicy as one policy of Envoy's RBAC filter. */
import { attributeOf, attributes, operationFields, sourceFields } from './attributes.ts';
import { inAllDomains, withAliases } from './trust-domains.ts';

export type RbacAction = 'ALLOW' | 'DENY' | 'LOG';

export interface RuleContext {
  /** Namespace of the policy. */
  namespace: string;
  /** The filter of a TCP chain, where nothing of HTTP is known. */
  tcp: boolean;
  action: RbacAction;
  /** Of the mesh: its own and the aliases. */
  trustDomains: readonly string[];
}

interface Condition {
  key: string;
  attribute: string;
  values: string[];
  notValues: string[];
}

interface Words {
  and: (list: any[]) => any;
  or: (list: any[]) => any;
  not: (one: any) => any;
}

const words: Record<'permission' | 'principal', Words> = {
  permission: {
    and: (rules) => ({ and_rules: { rules } }),
    or: (rules) => ({ or_rules: { rules } }),
    not: (not_rule) => ({ not_rule }),
  },
  principal: {
    and: (ids) => ({ and_ids: { ids } }),
    or: (ids) => ({ or_ids: { ids } }),
    not: (not_id) => ({ not_id }),
  },
};

/** What never fits: the policy of an object without rules. */
export const never = {
  permissions: [{ not_rule: { any: true } }],
  principals: [{ not_id: { any: true } }],
};

/**
 * The rule for the filter, or undefined where it is left out: an unknown attribute makes any rule void. On TCP a condition about HTTP
 * cannot be asked; a rule that allows is then left out whole, and one that denies goes without the condition, so that what is not
 * known is never let in.
 */
export function rbacPolicy(rule: any, context: RuleContext): any {
  const when: any[] = rule.when ?? [];
  if (when.some(({ key }) => attributeOf(String(key)) === undefined)) return undefined;
  const asked = when.map(({ key, values, notValues }) =>
    condition(String(key), attributeOf(String(key))!, values, notValues),
  );
  const onSide = (side: string) => asked.filter((one) => attributes[one.attribute]!.side === side);
  const alternatives = (list: any[] | undefined, fields: [string, string][], rest: Condition[], content: string) =>
    (list?.length ? list : [{}]).map((one) => [...fieldsOf(one?.[content] ?? {}, fields), ...rest].filter(isAsked));
  try {
    return {
      permissions: alternatives(rule.to, operationFields, onSide('permission'), 'operation').map((one) =>
        together('permission', one, context),
      ),
      principals: alternatives(rule.from, sourceFields, onSide('principal'), 'source').map((one) =>
        together('principal', one, context),
      ),
    };
  } catch {
    return undefined;
  }
}

const condition = (key: string, attribute: string, values: string[] = [], notValues: string[] = []): Condition => ({
  key,
  attribute,
  values: values ?? [],
  notValues: notValues ?? [],
});

const isAsked = ({ values, notValues }: Condition): boolean => values.length > 0 || notValues.length > 0;

const fieldsOf = (source: any, fields: [string, string][]): Condition[] =>
  fields.map(([field, attribute]) =>
    condition(attribute, attribute, source[field], source[`not${field[0]!.toUpperCase()}${field.slice(1)}`]),
  );

/** @throws Error when a rule that allows has a condition that cannot be asked. */
function together(side: 'permission' | 'principal', conditions: Condition[], context: RuleContext): any {
  const { and, or, not } = words[side];
  const parts = conditions.flatMap((one) => {
    const wanted = matcher(one, one.values, context, or);
    const unwanted = matcher(one, one.notValues, context, or);
    return [...(wanted ? [wanted] : []), ...(unwanted ? [not(unwanted)] : [])];
  });
  return and(parts.length > 0 ? parts : [{ any: true }]);
}

function matcher({ key, attribute: name }: Condition, written: string[], context: RuleContext, or: Words['or']): any {
  const attribute = attributes[name]!;
  const values = inMesh(name, written, context.trustDomains);
  if (values.length === 0) return undefined;
  const make = (ask: () => any): any => {
    try {
      if (context.tcp && attribute.http) throw new Error(`${key} is known for HTTP only`);
      return ask();
    } catch (error) {
      if (context.action === 'ALLOW') throw error;
      return undefined;
    }
  };
  const at = { key, namespace: context.namespace };
  if (attribute.several) return make(() => attribute.several!(values, at));
  const made = values.map((value) => make(() => attribute.one!(value, at))).filter((one) => one !== undefined);
  return made.length > 0 ? or(made) : undefined;
}

function inMesh(attribute: string, values: string[], domains: readonly string[]): string[] {
  if (attribute === 'source.principal') return inAllDomains(values, domains);
  return attribute === 'source.trustDomain' ? withAliases(values, domains) : values;
}
