/**
 * The console that `up` leaves running beside a mesh. It is found by its command line, which names the state folder and the port: no file
 * can be stale.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { consolePort } from '../console/index.ts';
import { type ProcessFacts, proportionalSetSize, readProcesses } from '../embedded/world/index.ts';

export interface RunningConsole {
  url: string;
  pid: number;
}

export interface StartedConsole extends RunningConsole {
  /** Whether it was started by this call. */
  started: boolean;
}

const main = join(import.meta.dirname, 'main.ts');
const answersWithinMs = 15_000;
const endsWithinMs = 3000;

export const consoleLog = (home: string): string => join(home, 'console.log');

/** The console of a state folder, where one runs. */
export async function findConsole(home: string): Promise<RunningConsole | undefined> {
  const found = (await processesOf(home))[0];
  const port = found?.argv[found.argv.indexOf('--port') + 1];
  return found && port ? { url: `http://127.0.0.1:${port}`, pid: found.pid } : undefined;
}

export interface StartConsoleOptions {
  home: string;
  /** As in $KUBECONFIG. */
  kubeconfig: string;
  contexts: string[];
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** Starts it unless it runs. Undefined when it does not answer; its log says why. */
export async function ensureConsole(options: StartConsoleOptions): Promise<StartedConsole | undefined> {
  const running = await findConsole(options.home);
  if (running && (await answers(running.url))) return { ...running, started: false };
  if (running) await stopConsole(options.home);
  const port = (await freePort(consolePort)) ?? (await freePort(0));
  if (port === undefined) return undefined;
  const log = openSync(consoleLog(options.home), 'a', 0o600);
  const marks = ['--home', options.home, '--background', '--port', String(port)];
  const what = ['--kubeconfig', options.kubeconfig, '--context', options.contexts.join(',')];
  const child = spawn(process.execPath, [main, 'console', ...marks, ...what], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: options.env,
  });
  closeSync(log);
  child.unref();
  let hasEnded = child.pid === undefined;
  child.on('error', () => {
    hasEnded = true;
  });
  child.on('exit', () => {
    hasEnded = true;
  });
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + answersWithinMs; Date.now() < end && !hasEnded && !options.signal.aborted; ) {
    if (await answers(url)) return { url, pid: child.pid!, started: true };
    await pause(50);
  }
  return undefined;
}

/** Ends it. @returns whether there was one */
export async function stopConsole(home: string): Promise<boolean> {
  const found = await processesOf(home);
  for (const { pid } of found) signalTo(pid, 'SIGTERM');
  const end = Date.now() + endsWithinMs;
  while (found.some(({ pid }) => signalTo(pid, 0)) && Date.now() < end) await pause(20);
  for (const { pid } of found) signalTo(pid, 'SIGKILL');
  return found.length > 0;
}

/** Bytes, shared memory counted by share. */
export const memoryOfConsole = ({ pid }: RunningConsole): Promise<number | undefined> => proportionalSetSize(pid);

async function processesOf(home: string): Promise<ProcessFacts[]> {
  return (await readProcesses()).filter(
    ({ argv, pid }) =>
      pid !== process.pid &&
      argv.includes('console') &&
      argv.includes('--background') &&
      argv[argv.indexOf('--home') + 1] === home,
  );
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api`, { signal: AbortSignal.timeout(2000) });
    return ((await response.json()) as { name?: string }).name === 'isthmus';
  } catch {
    return false;
  }
}

/** The port where it can be had. The console takes it a moment later: should somebody else be faster, it says so in its log. */
function freePort(wanted: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

function signalTo(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // it has ended
  }
}
