/** What a container writes, in the format of the container runtime interface: time, stream, tag, text. Two files of ten megabytes at most. */

import { EventEmitter } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';

const largest = 10 * 1024 * 1024;

export interface LogQuery {
  tailLines?: number | undefined;
  sinceTime?: Date | undefined;
  timestamps?: boolean | undefined;
  limitBytes?: number | undefined;
}

export class ContainerLog {
  readonly path: string;
  readonly #added = new EventEmitter();
  #size: number;

  constructor(path: string) {
    this.path = path;
    this.#added.setMaxListeners(0);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#size = existsSync(path) ? statSync(path).size : 0;
  }

  follow(stream: Readable, name: 'stdout' | 'stderr'): void {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      this.#added.emit('output', name, chunk);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) this.#write(lines, name);
    });
    stream.on('end', () => {
      if (rest !== '') this.#write([rest], name);
      rest = '';
    });
  }

  /** Calls for each piece of output as it comes, be it half a line, until the returned function is called. */
  onOutput(listener: (name: 'stdout' | 'stderr', chunk: string) => void): () => void {
    this.#added.on('output', listener);
    return () => this.#added.off('output', listener);
  }

  line(name: 'stdout' | 'stderr', text: string): void {
    this.#write([text], name);
  }

  #write(lines: string[], name: string): void {
    const time = new Date().toISOString().replace('Z', '000000Z');
    const text = lines.map((line) => `${time} ${name} F ${line}\n`).join('');
    if (this.#size + text.length > largest) {
      renameSync(this.path, `${this.path}.1`);
      this.#size = 0;
    }
    appendFileSync(this.path, text, { mode: 0o600 });
    this.#size += Buffer.byteLength(text);
    this.#added.emit('lines', text);
  }

  /** What is there now. */
  read(query: LogQuery): string {
    return show(readLog(this.path), query);
  }

  /** Calls for each further piece until the returned function is called. */
  tail(query: LogQuery, listener: (text: string) => void): () => void {
    const onLines = (text: string) => listener(show(text, { timestamps: query.timestamps }));
    this.#added.on('lines', onLines);
    return () => this.#added.off('lines', onLines);
  }
}

export function readLog(path: string): string {
  const part = (name: string): string => (existsSync(name) ? readFileSync(name, 'utf8') : '');
  return part(`${path}.1`) + part(path);
}

/** Lines of a log file as a client wants them. */
export function show(text: string, query: LogQuery): string {
  let lines = text.split('\n').filter(Boolean);
  const { sinceTime, tailLines } = query;
  if (sinceTime) lines = lines.filter((line) => Date.parse(line.slice(0, line.indexOf(' '))) >= sinceTime.getTime());
  if (tailLines !== undefined) lines = tailLines === 0 ? [] : lines.slice(-tailLines);
  const shown = lines.map((line) => {
    const [time, , , ...words] = line.split(' ');
    const message = words.join(' ');
    return query.timestamps ? `${time} ${message}` : message;
  });
  const all = shown.length > 0 ? `${shown.join('\n')}\n` : '';
  return query.limitBytes === undefined ? all : Buffer.from(all).subarray(0, query.limitBytes).toString('utf8');
}
