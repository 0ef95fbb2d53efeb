/** Host side: starts a world, or finds the one that runs. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { IsthmusError } from '../../errors/index.ts';
import { readLines } from '../../kube/index.ts';
import { clusterPaths, type WorldConfig } from './config.ts';
import { type KubeconfigEntry, kubeconfigOf } from './kubeconfig.ts';
import { ensureClusterPki, writePrivate } from './pki.ts';
import { findWorldRoots, worldMark } from './processes.ts';
import { stopWorld } from './stop.ts';
import type { WorldEvent } from './supervisor.ts';

export interface StartedWorld {
  /** False when the same world was already running. */
  started: boolean;
  clusters: { name: string; hostPort: number; caPem: string; clientCertPem: string; clientKeyPem: string }[];
  /** Path of the kubeconfig for people, whose contexts are named like the clusters. */
  kubeconfig: string;
}

export interface StartOptions {
  progress?: (event: WorldEvent) => void;
  signal?: AbortSignal;
  /** Milliseconds until a start that does not come to an end is given up. */
  timeoutMs?: number;
}

interface WorldRecord {
  config: WorldConfig;
  hostPorts: Record<string, number>;
}

/**
 * Starts the world that the configuration describes; a second call finds it running and changes nothing.
 * @throws IsthmusError `world.differs` when another configuration is running; `world.start` when it cannot be started.
 */
export async function startWorld(config: WorldConfig, options: StartOptions = {}): Promise<StartedWorld> {
  await mkdir(config.home, { recursive: true, mode: 0o700 });
  await chmod(config.home, 0o700);
  const recordPath = join(config.home, 'world.json');
  const before = await readRecord(recordPath);
  const running = (await findWorldRoots(config.home)).length > 0;
  if (running && before && (await answers(before))) {
    refuseDifference(before.config, config);
    return describe(config, before.hostPorts, false);
  }
  if (running) await stopWorld(config.home); // what an interrupted start left

  for (const cluster of config.clusters)
    mkdirSync(clusterPaths(config.home, cluster.name).folder, { recursive: true, mode: 0o700 });
  await Promise.all(config.clusters.map((cluster) => ensureClusterPki(config.home, cluster, config.clusterDomain)));
  const sockets = await Promise.all(
    config.clusters.map((cluster) => listenOnLoopback(before?.hostPorts[cluster.name])),
  );
  try {
    const hostPorts = Object.fromEntries(
      config.clusters.map((cluster, index) => [cluster.name, portOf(sockets[index]!)]),
    );
    await writePrivate(recordPath, JSON.stringify({ config, hostPorts } satisfies WorldRecord, null, 2));
    const described = await describe(config, hostPorts, true);
    await launch(config, sockets, options);
    return described;
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/** What was last started from this state folder, running or not. */
export async function readRecord(path: string): Promise<WorldRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A world is there when each of its sockets accepts: the listening end lives only in the world. */
async function answers(record: WorldRecord): Promise<boolean> {
  const { connect } = await import('node:net');
  const results = await Promise.all(
    Object.values(record.hostPorts).map(
      (port) =>
        new Promise<boolean>((resolve) => {
          const socket = connect(port, '127.0.0.1');
          socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
          socket.once('close', () => {}).on('connect', () => socket.destroy());
        }),
    ),
  );
  return results.every(Boolean);
}

function refuseDifference(running: WorldConfig, wanted: WorldConfig): void {
  if (JSON.stringify(running) === JSON.stringify(wanted)) return;
  const differing = (Object.keys(wanted) as (keyof WorldConfig)[]).filter(
    (key) => JSON.stringify(running[key]) !== JSON.stringify(wanted[key]),
  );
  throw new IsthmusError({
    code: 'world.differs',
    fault: 'user',
    what: 'the clusters that run were started with other settings',
    where: wanted.home,
    why: `these differ: ${differing.join(', ')}`,
    fix: 'run `isthmus down` first, then `isthmus up`',
  });
}

async function listenOnLoopback(preferred: number | undefined): Promise<Server> {
  const listen = (port: number) =>
    new Promise<Server>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  if (preferred === undefined) return listen(0);
  return listen(preferred).catch(() => listen(0));
}

const portOf = (server: Server): number => (server.address() as { port: number }).port;

function fileDescriptorOf(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}

async function launch(config: WorldConfig, sockets: Server[], options: StartOptions): Promise<void> {
  const configPath = join(config.home, 'world-config.json');
  await writePrivate(configPath, JSON.stringify(config, null, 2));
  const logPath = join(config.home, 'world.log');
  const log = openSync(logPath, 'a', 0o600);
  const child = spawn(
    'unshare',
    [
      ...[
        '--user',
        '--map-root-user',
        '--mount',
        '--net',
        '--pid',
        '--uts',
        '--ipc',
        '--fork',
        '--kill-child',
        '--mount-proc',
      ],
      ...[config.programs.node, '--max-semi-space-size=2'],
      ...[join(config.programs.isthmusRoot, 'src/embedded/world/supervisor.ts'), worldMark(config.home), configPath],
    ],
    { detached: true, stdio: ['ignore', log, log, 'pipe', ...sockets.map(fileDescriptorOf)], cwd: '/' },
  );
  const fail = async (what: string, why: string): Promise<never> => {
    await stopWorld(config.home);
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
      await stopWorld(config.home);
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

async function describe(
  config: WorldConfig,
  hostPorts: Record<string, number>,
  started: boolean,
): Promise<StartedWorld> {
  const clusters = await Promise.all(
    config.clusters.map(async (cluster) => {
      const pki = await ensureClusterPki(config.home, cluster, config.clusterDomain);
      return {
        name: cluster.name,
        hostPort: hostPorts[cluster.name] ?? 0,
        caPem: pki.ca.certPem,
        clientCertPem: pki.admin.certPem,
        clientKeyPem: pki.admin.keyPem,
      };
    }),
  );
  const kubeconfig = join(config.home, 'kubeconfig');
  const entries: KubeconfigEntry[] = clusters.map((cluster) => ({
    ...cluster,
    server: `https://127.0.0.1:${cluster.hostPort}`,
  }));
  await writePrivate(kubeconfig, kubeconfigOf(entries));
  return { started, clusters, kubeconfig };
}
