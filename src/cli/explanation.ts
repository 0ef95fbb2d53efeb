/** An explanation as text: numbered steps, below each what decides it; where the way forks, a tree. */
import type { Branch, Decision, Deviation, End, Explanation, Step } from '../observe/index.ts';
import type { Style } from './render/style.ts';

const marks = { error: ['✗', 'red'], warning: ['!', 'yellow'], info: ['i', 'cyan'] } as const;
const ends = {
  reaches: ['✓', 'green'],
  answered: ['✓', 'green'],
  fails: ['✗', 'red'],
  unknown: ['?', 'yellow'],
} as const;

export function renderExplanation(found: Explanation, style: Style): string {
  const { from, to, path, deviations, unread } = found;
  const client = [from.cluster, from.namespace, from.workload].join('/');
  const head = `${style('bold', client)} asks for ${style('bold', `${to.scheme}://${to.host}:${to.port}${to.scheme === 'tcp' ? '' : to.path}`)}`;
  const lines = [head, '', ...branchLines(path, 1, style)];
  const wrong = deviations.filter((one) => one.severity !== 'info');
  const [mark, colour] = found.outcome === 'partly' ? (['!', 'yellow'] as const) : ends[found.outcome];
  lines.push('', `${style(colour, mark)} ${found.summary}`);
  if (wrong.length > 0)
    lines.push('', style('bold', 'Out of order:'), ...wrong.flatMap((one) => deviationLines(one, style, true)));
  for (const [why, list] of Map.groupBy(unread, (one) => `${one.cluster}: ${one.why}`))
    lines.push(style('yellow', `? not read: ${list.map((one) => one.what).join(', ')} of ${why}`));
  return `${lines.join('\n')}\n`;
}

function branchLines(branch: Branch, first: number, style: Style): string[] {
  const width = String(first + branch.steps.length).length;
  const lines = branch.steps.flatMap((step, index) => stepLines(step, first + index, width, style));
  if (branch.end) lines.push(endLine(branch.end, style));
  const next = first + branch.steps.length;
  for (const [index, one] of branch.branches.entries()) {
    const last = index === branch.branches.length - 1;
    const share = `${Math.round(one.share * 1000) / 10} %`;
    lines.push(style('dim', '│'), `${style('dim', last ? '└─' : '├─')} ${style('bold', share)} ${one.label}`);
    const indent = last ? '   ' : `${style('dim', '│')}  `;
    lines.push(...branchLines(one, next, style).map((line) => `${indent}${line}`));
  }
  return lines;
}

function stepLines(step: Step, number: number, width: number, style: Style): string[] {
  const indent = ' '.repeat(width + 2);
  return [
    `${String(number).padStart(width)}. ${style('cyan', step.kind)}: ${step.title}`,
    ...step.decisions.map((one) => `${indent}${style('dim', '←')} ${decisionText(one)}`),
    ...step.details.map((one) => `${indent}${style('dim', one)}`),
    ...step.deviations.flatMap((one) => deviationLines(one, style, false).map((line) => `${indent}${line}`)),
  ];
}

function decisionText({ cluster, kind, namespace, name, field, says }: Decision): string {
  return `${kind} ${[cluster, namespace, name].filter(Boolean).join('/')}${field ? ` ${field}` : ''}: ${says}`;
}

function deviationLines({ severity, code, message, fix }: Deviation, style: Style, whole: boolean): string[] {
  const [mark, colour] = marks[severity];
  return [
    `${style(colour, mark)} ${message}${whole ? style('dim', ` [${code}]`) : ''}`,
    ...(whole && fix ? [`  to do: ${fix}`] : []),
  ];
}

function endLine(end: End, style: Style): string {
  const [mark, colour] = ends[end.result];
  const status = end.status ? ` (${[end.status, end.flag].filter(Boolean).join(' ')})` : '';
  const verb = { reaches: 'reaches ', answered: '', fails: 'fails: ', unknown: 'not known: ' }[end.result];
  return `${style(colour, mark)} ${verb}${end.text}${status}${end.retried ? '; the proxy tries again at another endpoint' : ''}`;
}
