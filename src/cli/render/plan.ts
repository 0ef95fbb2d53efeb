import type { Plan, PlannedObject } from '../../mesh/index.ts';
import type { Style } from './style.ts';

const marks: Record<PlannedObject['action'], [mark: string, colour: 'green' | 'yellow' | 'red' | 'dim', word: string]> =
  {
    create: ['+', 'green', 'to create'],
    change: ['~', 'yellow', 'to change'],
    remove: ['-', 'red', 'to remove'],
    refused: ['!', 'red', 'refused'],
    unknown: ['?', 'yellow', 'not known yet'],
    leave: ['=', 'dim', 'as they should be'],
  };
const actions = Object.keys(marks) as PlannedObject['action'][];

/** For people: by cluster, what would be done to each object. @param all lists also what would be left alone. */
export function renderPlan(plan: Plan & { starts: string[]; ends: string[] }, style: Style, all: boolean): string {
  const clusters = [...new Set(plan.objects.map((one) => one.cluster))];
  const blocks = clusters.flatMap((cluster) => {
    const objects = plan.objects.filter((one) => one.cluster === cluster);
    const commands = plan.commands.filter((one) => one.cluster === cluster);
    const shown = objects.filter((one) => all || one.action !== 'leave');
    const starts = plan.starts.includes(cluster);
    // What renders is of interest where something comes of it.
    if (shown.length === 0 && !commands.some((one) => one.changes) && !starts && !all) return [];
    const isMade = commands.some((one) => one.part === 'cluster');
    return [
      [
        style('bold', cluster),
        ...(starts && !isMade ? [`  ${style('green', '+')} the cluster itself, as processes of this machine`] : []),
        ...commands.map((one) => `  $ ${commandLine(one.command)}  ${style('dim', `# ${one.why}`)}`),
        ...shown.flatMap((one) => linesOf(one, style)),
      ].join('\n'),
    ];
  });
  const counts = actions
    .map((action) => ({ action, count: plan.objects.filter((one) => one.action === action).length }))
    .filter((one) => one.count > 0)
    .map(({ action, count }) => `${count} ${marks[action][2]}`);
  const first = plan.changes ? 'Objects' : 'There is nothing to do. Objects';
  const ends = plan.ends.map((name) => `${style('bold', name)}\n  ${style('red', '-')} the cluster leaves the mesh`);
  return [...blocks, ...ends, `${first}: ${counts.join(', ')}.`].join('\n\n');
}

/** As it can be typed. */
const commandLine = (command: string[]): string =>
  command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');

function linesOf(one: PlannedObject, style: Style): string[] {
  const [mark, colour] = marks[one.action];
  return [
    `  ${style(colour, mark)} ${one.object}${one.why ? `: ${one.why}` : ''}`,
    ...(one.fields ?? []).flatMap(({ path, before, after }) => fieldLines(path, before, after, style)),
  ];
}

/** A text of several lines is shown by the lines that differ. */
function fieldLines(path: string, before: unknown, after: unknown, style: Style): string[] {
  const lines = (value: unknown): string[] => (typeof value === 'string' ? value.trimEnd().split('\n') : []);
  const [old, fresh] = [lines(before), lines(after)];
  if (old.length < 2 && fresh.length < 2) return [`      ${path}: ${shown(before)} → ${shown(after)}`];
  const gone = old.filter((line) => !fresh.includes(line));
  const come = fresh.filter((line) => !old.includes(line));
  return [
    `      ${path}:`,
    ...gone.map((line) => style('red', `        - ${line}`)),
    ...come.map((line) => style('green', `        + ${line}`)),
  ];
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
