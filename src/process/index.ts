/** Runs programs to their end. Long-lived children belong to whoever supervises them. */
import { spawn } from 'node:child_process';
import { IsthmusError } from '../errors/index.ts';

export interface RunOptions {
  input?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program and gives its output whatever its exit code is. A program killed by a signal has code 128 plus the signal's number
 * as a shell would say, or 124 after the time-out.
 * @throws IsthmusError `process.not-started` when the program cannot be started.
 */
export function tryRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let timedOut = false;
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            child.kill('SIGKILL');
          }, options.timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(
        new IsthmusError({
          code: 'process.not-started',
          what: `cannot run ${command}`,
          why: cause.message,
          fix: `check that ${command} is installed`,
          cause,
        }),
      );
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({
        code: timedOut ? 124 : (code ?? 128 + (signal === 'SIGKILL' ? 9 : 15)),
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      });
    });
    child.stdin.on('error', () => {}); // a program that ends without reading its input is judged by its exit code
    child.stdin.end(options.input ?? '');
  });
}

/**
 * Runs a program that must succeed.
 * @throws IsthmusError `process.failed` with the command, how it ended and the last lines it wrote to stderr.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await tryRun(command, args, options);
  if (result.code === 0) return result;
  const lastLines = result.stderr.trim().split('\n').slice(-5).join('\n');
  throw new IsthmusError({
    code: 'process.failed',
    what: `${[command, ...args].join(' ').slice(0, 200)} ended with code ${result.code}`,
    ...(lastLines === '' ? {} : { why: lastLines }),
  });
}
