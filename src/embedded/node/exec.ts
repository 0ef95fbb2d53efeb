/** Running a further program in a running container: in all its namespaces, with its root and its environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Starts a program in the container whose first process is `pid`, with more in its environment than the container has. */
export function startInContainer(pid: number, command: string[], more: Record<string, string> = {}): ChildProcess {
  return spawn(
    'nsenter',
    [
      '--target',
      String(pid),
      '--mount',
      '--uts',
      '--ipc',
      '--net',
      '--pid',
      '--root',
      '--wd',
      '--',
      ...['/usr/bin/setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'],
      ...command,
    ],
    {
      env: { ...environmentOfProcess(pid), ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
}

function environmentOfProcess(pid: number): Record<string, string> {
  try {
    const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
    return Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
  } catch {
    return {};
  }
}

/** Runs to the end, or to the time-out (exit code 124). Output is kept to its last 10 kB. */
export function runInContainer(
  pid: number,
  command: string[],
  timeoutMs: number,
): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve) => {
    const child = startInContainer(pid, command);
    let output = '';
    const take = (chunk: Buffer) => {
      output = (output + chunk).slice(-10_000);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve({ exitCode: 124, output: `command timed out after ${timeoutMs} ms` });
    }, timeoutMs);
    child.on('error', (error) => resolve({ exitCode: 126, output: error.message }));
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? 137, output });
    });
    child.stdin?.end();
  });
}
