/**
 * CEL: the rules of CustomResourceDefinitions, the conditions of webhooks, and admission policies. The evaluator is loaded when the first
 * expression is needed, since many clusters have none.
 */
export { unreadableRules } from './definitions.ts';
export { meetsConditions, type RequestVariables } from './match-conditions.ts';
export { evaluatePolicy, type Finding } from './policies.ts';
export { checkRules, hasRules } from './rules.ts';
