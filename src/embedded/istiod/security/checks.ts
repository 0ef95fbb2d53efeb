/** What is wrong with a policy that its schema accepts; each problem as `field: what is wrong`. */
import { attributeOf, attributes, operationFields, sourceFields } from './attributes.ts';

type Fields = [field: string, attribute: string][];

export function authorizationPolicyProblems(spec: any): string[] {
  const { action = 'ALLOW', rules, provider } = spec;
  const problems = targetProblems(spec);
  if (!rules && (action === 'DENY' || action === 'CUSTOM'))
    problems.push(
      `spec.rules: ${action} without rules is meaningless as it will never be triggered; an empty rule {} is triggered by every request`,
    );
  if (action === 'CUSTOM' && rules && !provider?.name) problems.push('spec.provider.name: must not be empty');
  if (action !== 'CUSTOM' && provider) problems.push(`spec.provider: must not be with action ${action}`);
  return [
    ...problems,
    ...(rules ?? []).flatMap((rule: any, index: number) => ruleProblems(`spec.rules[${index}]`, rule, action)),
  ];
}

function ruleProblems(at: string, rule: any, action: string): string[] {
  if (!rule) return [`${at}: must not be null`];
  return [
    ...partProblems(`${at}.from`, rule.from, 'source', sourceFields),
    ...partProblems(`${at}.to`, rule.to, 'operation', operationFields),
    ...(rule.when ?? []).flatMap((one: any, index: number) => conditionProblems(`${at}.when[${index}]`, one ?? {})),
    ...(action === 'CUSTOM' ? unsupportedByCustom(at, rule) : []),
  ];
}

function partProblems(at: string, list: any[] | undefined, content: string, fields: Fields): string[] {
  if (list && list.length === 0) return [`${at}: must not be empty`];
  return (list ?? []).flatMap((one, index) => {
    const part = one?.[content];
    const field = `${at}[${index}].${content}`;
    if (!part) return [`${field}: must not be empty`];
    const opposite = (name: string) => `not${name[0]!.toUpperCase()}${name.slice(1)}`;
    const written = fields.flatMap(([name, attribute]) =>
      [name, opposite(name)].filter((each) => part[each]?.length > 0).map((each) => ({ each, attribute })),
    );
    if (written.length === 0) return [`${field}: must not be empty`];
    return written.flatMap(({ each, attribute }) =>
      valueProblems(`${field}.${each}`, attribute, attribute, part[each]),
    );
  });
}

function conditionProblems(at: string, { key, values, notValues }: any): string[] {
  if (!key) return [`${at}.key: must not be empty`];
  const attribute = attributeOf(String(key));
  if (!attribute) return [`${at}.key: unknown attribute ${key}`];
  if (!values?.length && !notValues?.length) return [`${at}: at least one of values and notValues must be set`];
  return [
    ...valueProblems(`${at}.values`, attribute, key, values),
    ...valueProblems(`${at}.notValues`, attribute, key, notValues),
  ];
}

/** A value is wrong when no matcher can be made of it. */
function valueProblems(field: string, attribute: string, key: string, values: string[] = []): string[] {
  return (values ?? []).flatMap((value) => {
    if (value === '') return [`${field}: must not hold an empty value`];
    const { one, several } = attributes[attribute]!;
    try {
      if (one) one(value, { key, namespace: '' });
      else several?.([value], { key, namespace: '' });
      return [];
    } catch (error) {
      return [`${field}: ${error instanceof Error ? error.message : error}`];
    }
  });
}

/** A provider is asked before identities and tokens have been looked at. */
function unsupportedByCustom(at: string, rule: any): string[] {
  const fields = sourceFields.map(([name]) => name).filter((name) => !name.toLowerCase().includes('ipblocks'));
  const named = (rule.from ?? []).flatMap((one: any) =>
    Object.keys(one?.source ?? {}).filter((key) =>
      fields.some((name) => key === name || key.toLowerCase() === `not${name.toLowerCase()}`),
    ),
  );
  const keys = (rule.when ?? [])
    .map((one: any) => String(one?.key))
    .filter((key: string) => /^source\.(?!ip$)|^request\.auth\./.test(key));
  return [...named, ...keys].map((name) => `${at}: ${name} is not supported with action CUSTOM`);
}

export function requestAuthenticationProblems(spec: any): string[] {
  return [
    ...targetProblems(spec),
    ...(spec.jwtRules ?? []).flatMap((rule: any, index: number) => jwtProblems(`spec.jwtRules[${index}]`, rule ?? {})),
  ];
}

function jwtProblems(at: string, rule: any): string[] {
  const problems: string[] = [];
  if (!rule.issuer && !rule.jwksUri) problems.push(`${at}: issuer or jwksUri must be a string that is not empty`);
  if (rule.jwksUri && !/^https?:\/\/[^/]+/.test(rule.jwksUri))
    problems.push(`${at}.jwksUri: must be an address with http or https`);
  if (rule.jwks && !isKeySet(rule.jwks)) problems.push(`${at}.jwks: is no set of keys in JSON`);
  for (const one of rule.outputClaimToHeaders ?? [])
    if (!one?.claim || !/^[A-Za-z0-9_-]+$/.test(one?.header ?? ''))
      problems.push(
        `${at}.outputClaimToHeaders: claim and header must be there, the header of letters, digits, - and _`,
      );
  if ((rule.fromHeaders ?? []).some((one: any) => !one?.name))
    problems.push(`${at}.fromHeaders: name must not be empty`);
  for (const list of ['audiences', 'fromParams', 'fromCookies'])
    if ((rule[list] ?? []).some((one: any) => !one)) problems.push(`${at}.${list}: must not hold an empty value`);
  return problems;
}

function isKeySet(text: string): boolean {
  try {
    const parsed = JSON.parse(text);
    return Array.isArray(parsed.keys) || typeof parsed.kty === 'string';
  } catch {
    return false;
  }
}

function targetProblems({ selector, targetRef, targetRefs }: any): string[] {
  const named = [selector, targetRef, targetRefs?.length ? targetRefs : undefined].filter((one) => one !== undefined);
  return named.length > 1 ? ['spec: only one of selector, targetRef and targetRefs can be set'] : [];
}
