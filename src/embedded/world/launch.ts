/** Starts a supervisor with its sockets and follows it until its clusters answer. */
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { IsthmusError } from '../../errors/index.ts';
import { readLines } from '../../kube/index.ts';
import { onlyFlag, type WorldConfig } from './config.ts';
import { fileDescriptorOf } from './loopback.ts';
import { writePrivate } from './pki.ts';
import { worldMark } from './processes.ts';
import { stopWorld } from './stop.ts';
import type { WorldEvent } from './supervisor.ts';

export interface StartOptions {
  progress?: (event: WorldEvent) => void;
  signal?: AbortSignal;
  /** Milliseconds until a start that does not come to an end is given up. */
  timeoutMs?: number;
}

/** How a supervisor is started, and what is done when it does not come up. */
interface Launch {
  /** What enters or makes the namespaces. */
  entry: string[];
  /** Names of the clusters, where they are not all. */
  only?: string[];
  undo(): Promise<unknown>;
}

/** Starts the world's first process, and returns when all clusters answer. @throws IsthmusError `world.start` */
export function launchWorld(config: WorldConfig, sockets: Server[], options: StartOptions): Promise<void> {
  const namespaces = ['--user', '--map-root-user', '--mount', '--net', '--pid', '--uts', '--ipc'];
  const entry = ['unshare', ...namespaces, '--fork', '--kill-child', '--mount-proc'];
  return launch(config, sockets, options, { entry, undo: () => stopWorld(config.home) });
}

/** Starts a supervisor beside the first in the same namespaces: it ends with them. */
export async function launch(
  config: WorldConfig,
  sockets: Server[],
  options: StartOptions,
  { entry, only, undo }: Launch,
): Promise<void> {
  const configPath = join(config.home, 'world-config.json');
  await writePrivate(configPath, JSON.stringify(config, null, 2));
  const logPath = join(config.home, 'world.log');
  const log = openSync(logPath, 'a', 0o600);
  const program = join(config.programs.isthmusRoot, 'src/embedded/world/supervisor.ts');
  const supervisor = [config.programs.node, '--max-semi-space-size=2', program, worldMark(config.home)];
  const [command = '', ...args] = [...entry, ...supervisor, ...(only ? [onlyFlag + only.join(',')] : []), configPath];
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log, 'pipe', ...sockets.map(fileDescriptorOf)],
    cwd: '/',
  });
  const fail = async (what: string, why: string): Promise<never> => {
    await undo();
    throw new IsthmusError({
      code: 'world.start',
      what,
      where: config.home,
      why,
      fix: `read ${logPath} and the clusters' cluster.log beside it`,
    });
  };
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`the world ended with ${signal ?? `code ${code}`}`));
  });
  const timer = Promise.withResolvers<'timeout' | 'interrupted'>();
  const timeout = setTimeout(() => timer.resolve('timeout'), options.timeoutMs ?? 60_000);
  const onAbort = () => timer.resolve('interrupted');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const pipe = child.stdio[3] as unknown as AsyncIterable<Buffer> & { destroy(): void };
  let last = 'nothing yet';
  const ready = (async (): Promise<'ready' | { failed: string }> => {
    for await (const line of readLines(pipe)) {
      const event: WorldEvent = JSON.parse(line);
      options.progress?.(event);
      last = line;
      if (event.type === 'ready') return 'ready';
      if (event.type === 'failed') return { failed: event.message };
    }
    return { failed: await ended };
  })();
  try {
    const outcome = await Promise.race([ready, timer.promise, ended]);
    if (outcome === 'ready') return;
    if (outcome === 'interrupted') {
      await undo();
      throw options.signal?.reason;
    }
    if (outcome === 'timeout') await fail('the clusters did not start in time', `the last thing heard was ${last}`);
    const message = typeof outcome === 'string' ? outcome : outcome.failed;
    await fail('the clusters could not be started', [message, lastLines(logPath)].filter(Boolean).join('\n'));
  } finally {
    clearTimeout(timeout);
    options.signal?.removeEventListener('abort', onAbort);
    ready.catch(() => {});
    pipe.destroy();
    child.unref();
  }
}

function lastLines(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').slice(-5).join('\n') : '';
}
