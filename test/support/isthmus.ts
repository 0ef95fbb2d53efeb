/** Runs the command line as a user does: by the launcher, with a state folder of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunResult, tryRun } from '../../src/process/index.ts';

export const root = join(import.meta.dirname, '../..');

export interface IsthmusOptions {
  home: string;
  /** Folder in which the command runs; `mesh.yaml` is looked for there. */
  cwd?: string;
  timeoutMs?: number;
  input?: string;
  env?: Record<string, string>;
}

export function isthmus(args: string[], options: IsthmusOptions): Promise<RunResult> {
  return tryRun(join(root, 'isthmus'), args, {
    // Not the state folder: down removes it.
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, ISTHMUS_HOME: options.home, NO_COLOR: '1', ...options.env },
    timeoutMs: options.timeoutMs ?? 120_000,
    ...(options.input === undefined ? {} : { input: options.input }),
  });
}

/** Starts a command and gives it back running, to be interrupted. */
export function startIsthmus(args: string[], options: IsthmusOptions) {
  const child = spawn(join(root, 'isthmus'), args, {
    // Not the state folder: down removes it.
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, ISTHMUS_HOME: options.home, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
      for (const listener of listeners) listener();
    });
  const ended = new Promise<number | string>((resolve) =>
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  return {
    child,
    ended,
    output: () => output,
    /** Waits until the output matches. Fails when the command ends before. */
    async until(pattern: RegExp): Promise<void> {
      if (pattern.test(output)) return;
      await Promise.race([
        new Promise<void>((resolve) => {
          const check = () => {
            if (!pattern.test(output)) return;
            listeners.delete(check);
            resolve();
          };
          listeners.add(check);
        }),
        ended.then((code) => {
          if (!pattern.test(output)) throw new Error(`ended with ${code} before ${pattern} was seen:\n${output}`);
        }),
      ]);
    },
  };
}

/** A state folder that is torn down, with all that runs from it, at the end of the scope. */
export function temporaryHome(): AsyncDisposable & { home: string } {
  const home = mkdtempSync(join(tmpdir(), 'isthmus-test-'));
  return {
    home,
    async [Symbol.asyncDispose]() {
      await isthmus(['down'], { home });
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** kubectl with the kubeconfig of a state folder. */
export function kubectl(
  home: string,
  cluster: string,
  args: string[],
  input?: string,
  timeoutMs = 60_000,
): Promise<RunResult> {
  return tryRun('kubectl', ['--kubeconfig', join(home, 'kubeconfig'), '--context', cluster, ...args], {
    timeoutMs,
    ...(input === undefined ? {} : { input }),
  });
}

/** Puts a Secret back as it was and makes it Isthmus' again: a field that another tool has set would stay that tool's. */
export async function putBack(home: string, cluster: string, kept: string): Promise<void> {
  const { metadata, data, type } = JSON.parse(kept);
  const { name, namespace, labels, annotations } = metadata;
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels, annotations }, data, type };
  const apply = ['apply', '--server-side', '--force-conflicts', '--field-manager=isthmus', '-f', '-'];
  const { code, stderr } = await kubectl(home, cluster, apply, JSON.stringify(object));
  if (code !== 0) throw new Error(stderr);
}

/** Asks again until the answer is a value, or fails with what was last seen. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<{ value: T } | { seen: string }>,
  withinMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let seen = 'nothing';
  while (Date.now() < deadline) {
    const answer = await ask();
    if ('value' in answer) return answer.value;
    seen = answer.seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${withinMs} ms; last seen: ${seen}`);
}
