/** Label selectors of Kubernetes, by equality and by expressions. */

export function matchesSelector(selector: any, labels: Readonly<Record<string, string>>): boolean {
  const stated = Object.entries<string>(selector?.matchLabels ?? {});
  const expressions: any[] = selector?.matchExpressions ?? [];
  return stated.every(([key, value]) => labels[key] === value) && expressions.every((one) => meets(one, labels));
}

function meets({ key, operator, values = [] }: any, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[key];
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  const isIn = value !== undefined && values.includes(value);
  return operator === 'NotIn' ? !isIn : isIn;
}
