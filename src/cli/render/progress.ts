/**
 * What is being done and waited for. On a terminal a tree that is drawn anew as things change; elsewhere a plain line for each change,
 * which log collectors can keep.
 */
import type { CommandContext, OutputStream } from '../context.ts';
import { cut, formatMilliseconds, type Style, styleFor } from './style.ts';

export type StepState = 'working' | 'waiting' | 'done' | 'unchanged' | 'failed';

export interface StepUpdate {
  /** artifacts, clusters, mesh, verification: in the order in which they first appear. */
  stage: string;
  /** A part, object or fact within the stage; without one the update is about the stage itself. */
  item?: string | undefined;
  state: StepState;
  /** For a wait: the reason, the object, and what would end it. */
  detail?: string | undefined;
}

export interface ProgressView {
  update(update: StepUpdate): void;
  /** Leaves the picture for a while in which others write to the stream. */
  pause(): void;
  resume(): void;
  /** Leaves the last picture and writes nothing more. */
  close(): void;
}

export function openProgress(context: Pick<CommandContext, 'err' | 'env' | 'quiet' | 'verbose'>): ProgressView {
  if (context.quiet) return { update: () => {}, pause: () => {}, resume: () => {}, close: () => {} };
  const style = styleFor(context.err, context.env);
  const live = context.err.isTTY && context.env['TERM'] !== 'dumb' && !context.env['CI'];
  return live ? new LiveTree(context.err, style) : new PlainLines(context.err);
}

const marks: Record<StepState, [mark: string, colour: 'green' | 'yellow' | 'red' | 'cyan']> = {
  working: ['•', 'cyan'],
  waiting: ['…', 'yellow'],
  done: ['✓', 'green'],
  unchanged: ['=', 'green'],
  failed: ['✗', 'red'],
};

class PlainLines implements ProgressView {
  readonly #stream: OutputStream;
  readonly #last = new Map<string, string>();
  #closed = false;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  update({ stage, item, state, detail }: StepUpdate): void {
    if (this.#closed) return;
    const key = `${stage}\n${item ?? ''}`;
    const words = { working: '', waiting: 'waiting: ', done: 'done', unchanged: 'unchanged', failed: 'failed' }[state];
    const text = [words, detail]
      .filter(Boolean)
      .join(state === 'done' || state === 'failed' || state === 'unchanged' ? ': ' : '');
    const line = `${[stage, item].filter(Boolean).join(' ')}: ${text || 'begun'}`;
    if (this.#last.get(key) === line) return;
    this.#last.set(key, line);
    this.#stream.write(`${line}\n`);
  }

  pause(): void {}

  resume(): void {}

  close(): void {
    this.#closed = true;
  }
}

interface Node {
  state: StepState;
  detail: string | undefined;
  since: number;
  until: number | undefined;
}

interface Stage extends Node {
  name: string;
  items: Map<string, Node>;
}

const redrawEveryMs = 100;
const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

class LiveTree implements ProgressView {
  readonly #stream: OutputStream;
  readonly #style: Style;
  readonly #stages = new Map<string, Stage>();
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;
  #turn = 0;
  #paused = false;
  #closed = false;

  constructor(stream: OutputStream, style: Style) {
    this.#stream = stream;
    this.#style = style;
    this.#timer = setInterval(() => this.#draw(false), redrawEveryMs);
    this.#timer.unref();
    this.#stream.write('\x1b[?25l');
  }

  update({ stage: name, item, state, detail }: StepUpdate): void {
    if (this.#closed) return;
    const now = Date.now();
    let stage = this.#stages.get(name);
    if (!stage) {
      stage = { name, items: new Map(), state: 'working', detail: undefined, since: now, until: undefined };
      this.#stages.set(name, stage);
    }
    let node: Node = stage;
    if (item !== undefined) {
      node = stage.items.get(item) ?? { state, detail, since: now, until: undefined };
      stage.items.set(item, node);
    }
    node.state = state;
    node.detail = detail;
    node.until = state === 'working' || state === 'waiting' ? undefined : now;
  }

  pause(): void {
    this.#draw(false);
    this.#paused = true;
    this.#stream.write('\x1b[?25h');
  }

  /** What was drawn before stays above what others have written. */
  resume(): void {
    this.#paused = false;
    this.#drawn = 0;
    this.#stream.write('\x1b[?25l');
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#draw(true);
    this.#stream.write('\x1b[?25h');
  }

  #draw(last: boolean): void {
    if (this.#paused) return;
    const columns = Math.max(this.#stream.columns ?? 80, 20);
    const rows = Math.max((this.#stream.rows ?? 24) - 1, 5);
    let lines = [...this.#stages.values()].flatMap((stage) => this.#linesOf(stage));
    if (!last && lines.length > rows) lines = lines.slice(-rows);
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A\r` : '';
    this.#stream.write(`${up}\x1b[J${lines.map((line) => `${cut(line, columns - 1)}\n`).join('')}`);
    this.#drawn = lines.length;
    this.#turn++;
  }

  /** A stage that is over folds into one line; of one that runs, what is still awaited is shown. */
  #linesOf(stage: Stage): string[] {
    const over = stage.until !== undefined;
    const took = this.#style('dim', formatMilliseconds((stage.until ?? Date.now()) - stage.since));
    const head = `${this.#mark(stage)} ${this.#style('bold', stage.name)} ${stage.detail ? `${stage.detail} ` : ''}${took}`;
    if (over && stage.state !== 'failed') return [head];
    const items = [...stage.items].filter(([, node]) => !over || node.state === 'failed' || node.state === 'waiting');
    return [
      head,
      ...items.map(
        ([name, node]) => `  ${this.#mark(node)} ${name}${node.detail ? this.#style('dim', `  ${node.detail}`) : ''}`,
      ),
    ];
  }

  #mark(node: Node): string {
    const [mark, colour] = marks[node.state];
    const turning = node.state === 'working' || node.state === 'waiting';
    return this.#style(colour, turning && !this.#closed ? spinner[this.#turn % spinner.length]! : mark);
  }
}
