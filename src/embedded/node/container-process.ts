/** A running container: its processes, its output, its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { ContainerLog } from './container-log.ts';
import { scriptMark } from './container-script.ts';
import type { OutputPipe } from './output-pipe.ts';

export interface ContainerEnd {
  exitCode: number;
  signal?: number;
}

const signalNumbers: Record<string, number> = {
  SIGKILL: 9,
  SIGTERM: 15,
  SIGSEGV: 11,
  SIGABRT: 6,
  SIGINT: 2,
  SIGHUP: 1,
  SIGPIPE: 13,
  SIGBUS: 7,
  SIGILL: 4,
};

export class ContainerProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<ContainerEnd>;
  hasEnded = false;

  /** Starts a script in namespaces of its own, in the network of its pod. */
  constructor(options: {
    netns: string;
    /** Whose processes it sees and may signal: its own only, those of a container by its first process, or the node's. */
    pids: 'own' | 'node' | number;
    script: string;
    env: Record<string, string>;
    log: ContainerLog;
    output: { stdout: OutputPipe; stderr: OutputPipe };
    /** Whether something may be written to its standard input. */
    stdin: boolean;
  }) {
    const { stdout, stderr } = options.output;
    this.#child = spawn(
      'nsenter',
      [`--net=${options.netns}`, ...namespaces(options.pids), ...['/bin/sh', '-c', options.script]],
      // PATH must lead to nsenter itself when the container's own does not.
      {
        env: { ...options.env, PATH: options.env['PATH'] ?? defaultPath },
        stdio: [options.stdin ? 'pipe' : 'ignore', stdout.writeEnd, stderr.writeEnd],
        cwd: '/',
      },
    );
    this.#child.stdin?.on('error', () => {}); // it has ended
    // Only the container holds them now, so that they end with it.
    for (const pipe of [stdout, stderr]) closeSync(pipe.writeEnd);
    options.log.follow(stdout.readable, 'stdout');
    options.log.follow(stderr.readable, 'stderr');
    const allRead = Promise.all([stdout, stderr].map(({ ended }) => ended));
    this.ended = new Promise<ContainerEnd>((resolve) => {
      this.#child.once('error', (error) => {
        options.log.line('stderr', `cannot be started: ${error.message}`);
        resolve({ exitCode: 128 });
      });
      this.#child.once('exit', (code, signal) => {
        this.hasEnded = true;
        const number = signal ? (signalNumbers[signal] ?? 1) : undefined;
        resolve(number === undefined ? { exitCode: code ?? 0 } : { exitCode: 128 + number, signal: number });
      });
    }).then(async (end) => {
      await allRead;
      return end;
    });
  }

  /** The first process inside, by its number out here: signals and nsenter go to it. */
  innerPid(): number | undefined {
    const outer = this.#child.pid;
    if (!outer || this.hasEnded) return undefined;
    try {
      const pid = Number(readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').trim().split(' ')[0]);
      return pid > 0 ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  /** Resolves when the container's own program runs, in its own root, or has ended: before that no other program can join it. */
  async entered(): Promise<void> {
    while (!this.hasEnded) {
      const pid = this.innerPid();
      if (pid && !isPreparing(pid)) return;
      await pause(enteredEveryMs);
    }
  }

  get stdin(): Writable | undefined {
    return this.#child.stdin ?? undefined;
  }

  /** The process out here above all of the container's. */
  get outerPid(): number | undefined {
    return this.#child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    const pid = this.innerPid() ?? (signal === 'SIGKILL' ? this.#child.pid : undefined);
    if (!pid) return;
    try {
      process.kill(pid, signal);
    } catch {} // it has just ended
  }
}

/** There is no event for the exec of another process. */
const enteredEveryMs = 10;

/** The script's text is on the command line until the last exec. */
function isPreparing(pid: number): boolean {
  try {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return commandLine === '' || commandLine.includes(scriptMark) || commandLine.startsWith('unshare\0');
  } catch {
    return true;
  }
}

/** Each of these forks once, so that the first process inside is the only child of the one out here. */
function namespaces(pids: 'own' | 'node' | number): string[] {
  const own = ['unshare', '--mount', '--uts', '--ipc'];
  if (pids === 'own') return [...own, '--pid', '--fork', '--kill-child'];
  if (pids === 'node') return [...own, '--fork', '--kill-child'];
  return [`--pid=/proc/${pids}/ns/pid`, ...own];
}

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
