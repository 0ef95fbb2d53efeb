/** What is wrong with a Telemetry that its schema accepts; each problem as `field: what is wrong`. */
import { expressionProblem } from './expressions.ts';

export function telemetryProblems(spec: any): string[] {
  return [
    ...list(spec.accessLogging).flatMap((one, index) =>
      written(`spec.accessLogging[${index}].filter.expression`, one?.filter?.expression),
    ),
    ...list(spec.metrics).flatMap((metrics, index) =>
      list(metrics?.overrides).flatMap((override, position) =>
        tagProblems(`spec.metrics[${index}].overrides[${position}].tagOverrides`, override?.tagOverrides ?? {}),
      ),
    ),
  ];
}

const list = (value: unknown): any[] => (Array.isArray(value) ? value : []);

function tagProblems(at: string, tags: Record<string, any>): string[] {
  return Object.entries(tags).flatMap(([name, change]) => {
    if (change?.operation === 'REMOVE') return change.value ? [`${at}.${name}.value: must not be set for REMOVE`] : [];
    return change?.value ? written(`${at}.${name}.value`, change.value) : [`${at}.${name}.value: must be set`];
  });
}

function written(field: string, expression: string | undefined): string[] {
  const problem = expression === undefined ? undefined : expressionProblem(expression);
  return problem === undefined ? [] : [`${field}: ${problem}`];
}
