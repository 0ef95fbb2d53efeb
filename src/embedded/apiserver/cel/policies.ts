/** The expressions of one admission policy, evaluated for one request. */
import type { KubeObject } from '../../../kube/index.ts';
import { compile, reasonOf } from './environment.ts';
import { celVariables, meetsConditions, type RequestVariables } from './match-conditions.ts';
import { toCel } from './values.ts';

export interface Finding {
  message: string;
  reason?: string;
}

export interface PolicyVariables extends RequestVariables {
  params: KubeObject | undefined;
  namespaceObject: KubeObject | undefined;
}

/**
 * What the validations of a policy find wrong. An expression that fails is a finding unless failurePolicy is Ignore.
 * @param spec of a ValidatingAdmissionPolicy
 */
export async function evaluatePolicy(spec: any, given: PolicyVariables): Promise<Finding[]> {
  const forgiving = spec.failurePolicy === 'Ignore';
  try {
    if (!(await meetsConditions(spec.matchConditions ?? [], given))) return [];
  } catch (error) {
    return forgiving ? [] : [{ message: reasonOf(error) }];
  }
  const values: Record<string, unknown> = {
    ...celVariables(given),
    params: given.params ? toCel(given.params) : null,
    namespaceObject: given.namespaceObject ? toCel(given.namespaceObject) : null,
  };
  values['variables'] = await composed(spec.variables ?? [], values);
  const findings: Finding[] = [];
  for (const validation of spec.validations ?? []) {
    const { expression, reason } = validation;
    try {
      if ((await compile(expression))(values) === true) continue;
      findings.push({ message: await messageOf(validation, values), ...(reason ? { reason } : {}) });
    } catch (error) {
      if (!forgiving) findings.push({ message: `expression '${expression}' resulted in error: ${reasonOf(error)}` });
    }
  }
  return findings;
}

/** Variables are evaluated when they are used, each with those before it. One that fails fails what uses it. */
async function composed(
  list: { name: string; expression: string }[],
  values: Record<string, unknown>,
): Promise<object> {
  const variables = {};
  for (const { name, expression } of list) {
    const evaluate = await compile(expression).catch((error) => () => {
      throw error;
    });
    let known: { value: unknown } | undefined;
    Object.defineProperty(variables, name, {
      enumerable: true,
      get: () => (known ??= { value: evaluate({ ...values, variables }) }).value,
    });
  }
  return variables;
}

async function messageOf(
  { expression, message, messageExpression }: any,
  values: Record<string, unknown>,
): Promise<string> {
  if (messageExpression) {
    try {
      const text = (await compile(messageExpression))(values);
      if (typeof text === 'string' && text.trim() !== '') return text.trim();
    } catch {} // the fixed message stands in for one that cannot be made
  }
  return message || `failed expression: ${expression.trim()}`;
}
