/** The one place where errors become text. */
import { IsthmusError } from '../../errors/index.ts';
import { InvalidMeshFile } from '../load-mesh.ts';
import type { Style } from './style.ts';

/** For people: what, where, why, fix. A stack only for faults of ours, and only when asked for. */
export function renderError(error: unknown, style: Style, verbose: boolean): string {
  if (error instanceof AggregateError) return error.errors.map((one) => renderError(one, style, verbose)).join('\n');
  if (error instanceof InvalidMeshFile) return renderProblems(error, style);
  if (error instanceof IsthmusError) return renderFields(error, style, verbose);
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && error.stack ? error.stack : '';
  return [
    `${style('red', 'error')}: ${message}`,
    '  This is a fault of Isthmus itself.',
    verbose ? indent(stack) : '  Run the command again with --verbose to see where it comes from.',
  ].join('\n');
}

function renderFields(error: IsthmusError, style: Style, verbose: boolean): string {
  const lines = [`${style('red', 'error')}: ${error.what}`];
  const fields = { where: error.where, why: error.why, fix: error.fix };
  for (const [name, text] of Object.entries(fields)) {
    if (!text) continue;
    const [first, ...rest] = text.split('\n');
    lines.push(`  ${style('bold', `${name}:`.padEnd(6))} ${first}`, ...rest.map((line) => `         ${line}`));
  }
  if (verbose) {
    lines.push(`  ${style('bold', 'code:')}  ${error.code}`);
    if (error.fault === 'internal') lines.push(indent(error.stack ?? ''));
    if (error.cause instanceof Error) lines.push(`  ${style('bold', 'cause:')} ${error.cause.message}`);
  }
  return lines.join('\n');
}

function renderProblems(error: InvalidMeshFile, style: Style): string {
  const lines = error.problems.map((problem) => {
    const place = style('bold', `${problem.file}:${problem.line}:${problem.column}:`);
    const path = problem.path ? `${problem.path}: ` : '';
    return `${place} ${path}${problem.message}${problem.fix === undefined ? '' : style('green', `; ${problem.fix}`)}`;
  });
  return [...lines, `${style('red', 'error')}: ${error.what}; nothing was started`].join('\n');
}

/** For machines: every field. */
export function errorObject(error: unknown): object {
  if (error instanceof AggregateError) return { error: { code: 'several', errors: error.errors.map(errorObject) } };
  if (!(error instanceof IsthmusError))
    return { error: { code: 'internal', what: error instanceof Error ? error.message : String(error) } };
  const { code, what, where, why, fix, fault } = error;
  const problems = error instanceof InvalidMeshFile ? { problems: error.problems } : {};
  return { error: { code, what, where, why, fix, fault, ...problems } };
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
