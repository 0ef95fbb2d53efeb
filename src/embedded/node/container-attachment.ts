/** Who is attached to a running container: its output goes to all of them, and their input to it. */
import type { ContainerLog } from './container-log.ts';
import type { ContainerProcess } from './container-process.ts';

/** What a container with an input wrote before anybody came: a shell's prompt, say. */
const longestGreeting = 16_384;

export interface Attachment {
  /** Undefined is the end, which reaches the container only if its `stdinOnce` says so. */
  write(chunk: Buffer | undefined): void;
  /** Of the process below which its terminal is. */
  terminalBelow: number | undefined;
  detach(): void;
}

export class Attachments {
  readonly #process: ContainerProcess;
  readonly #log: ContainerLog;
  readonly #spec: any;
  #greeting: [name: 'stdout' | 'stderr', chunk: string][] = [];
  #greetingSize = 0;
  readonly #stopGreeting: () => void;

  constructor(process: ContainerProcess, log: ContainerLog, spec: any) {
    this.#process = process;
    this.#log = log;
    this.#spec = spec;
    this.#stopGreeting = spec.stdin
      ? log.onOutput((name, chunk) => {
          if ((this.#greetingSize += chunk.length) <= longestGreeting) this.#greeting.push([name, chunk]);
        })
      : () => {};
  }

  attach(hear: (name: 'stdout' | 'stderr', chunk: string) => void): Attachment {
    this.#stopGreeting();
    for (const [name, chunk] of this.#greeting) hear(name, chunk);
    this.#greeting = [];
    const stop = this.#log.onOutput(hear);
    const end = (): void => {
      if (this.#spec.stdinOnce) this.#process.stdin?.end();
    };
    return {
      write: (chunk) => (chunk ? this.#process.stdin?.write(chunk) : end()),
      terminalBelow: this.#spec.tty ? this.#process.outerPid : undefined,
      detach: () => {
        stop();
        end();
      },
    };
  }
}
