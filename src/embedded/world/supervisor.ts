/**
 * The first process of a world: makes its network, starts one process per cluster and starts again what ends. When it ends, the kernel
 * ends everything else in the world. Clusters that are added later have a supervisor of their own beside it. Arguments: the world's mark,
 * for an addition `--only=` with the clusters' names, and the path of the configuration; file descriptor 3 takes progress as JSON lines, 4
 * and up are the clusters' listening sockets on the host, in the order of the configuration.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../errors/index.ts';
import { readLines } from '../../kube/index.ts';
import { clusterPaths, type EmbeddedCluster, nodeNamespace, onlyFlag, type WorldConfig } from './config.ts';
import { addNodes, setUpWorldNetwork } from './network.ts';

/** What the supervisor tells the starter. */
export type WorldEvent =
  | { type: 'network' }
  | { type: 'cluster'; cluster: string; state: 'starting' | 'ready' | 'ended'; detail?: string }
  | { type: 'ready' }
  | { type: 'failed'; message: string };

const firstPauseMs = 100;
const longestPauseMs = 5_000;
const stopWithinMs = 5_000;

async function main(): Promise<void> {
  const config: WorldConfig = JSON.parse(readFileSync(process.argv.at(-1) ?? '', 'utf8'));
  const only = process.argv
    .find((one) => one.startsWith(onlyFlag))
    ?.slice(onlyFlag.length)
    .split(',');
  const members = config.clusters.filter((cluster) => only?.includes(cluster.name) ?? true);
  const progress = createWriteStream('', { fd: 3 });
  progress.on('error', () => {}); // the starter may be gone; the world goes on
  const tell = (event: WorldEvent): void => {
    console.log(new Date().toISOString(), JSON.stringify(event));
    progress.write(`${JSON.stringify(event)}\n`);
  };
  try {
    await (only ? addNodes(config, members) : setUpWorldNetwork(config));
  } catch (error) {
    tell({ type: 'failed', message: messageOf(error) });
    process.exit(1);
  }
  tell({ type: 'network' });
  const clusters = members.map((cluster, index) => superviseCluster(config, cluster, 4 + index, tell));
  process.on('SIGTERM', () => {
    void Promise.all(clusters.map((cluster) => cluster.stop())).then(() => process.exit(0));
  });
  await Promise.all(clusters.map((cluster) => cluster.firstReady));
  tell({ type: 'ready' });
}

function superviseCluster(
  config: WorldConfig,
  cluster: EmbeddedCluster,
  socket: number,
  tell: (event: WorldEvent) => void,
) {
  let stopping = false;
  let child: ChildProcess | undefined;
  let pause = firstPauseMs;
  let starts = 0;
  const ready = Promise.withResolvers<void>();
  const start = (): void => {
    starts++;
    tell({ type: 'cluster', cluster: cluster.name, state: 'starting' });
    child = spawnClusterProcess(config, cluster, socket);
    const startedAt = Date.now();
    void (async () => {
      for await (const line of readLines(child.stdio[3] as unknown as AsyncIterable<Buffer>)) {
        if (JSON.parse(line).type !== 'ready') continue;
        tell({ type: 'cluster', cluster: cluster.name, state: 'ready' });
        ready.resolve();
      }
    })().catch(() => {});
    child.on('exit', (code, signal) => {
      child = undefined;
      if (stopping || !isWanted(cluster.name)) return;
      tell({ type: 'cluster', cluster: cluster.name, state: 'ended', detail: signal ?? `code ${code}` });
      if (Date.now() - startedAt > 60_000) pause = firstPauseMs;
      setTimeout(() => !stopping && isWanted(cluster.name) && start(), pause);
      pause = Math.min(pause * 2, longestPauseMs);
    });
    writeFileSync(join(clusterPaths(config.home, cluster.name).folder, 'starts'), `${starts}\n`, { mode: 0o600 });
  };
  start();
  return {
    firstReady: ready.promise,
    /** The end of its standard input asks a cluster process to stop: signals do not pass the process that unshared. */
    async stop(): Promise<void> {
      stopping = true;
      const running = child;
      if (!running) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.stdin?.end();
      const timer = setTimeout(() => running.kill('SIGKILL'), stopWithinMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** A cluster that is taken away is first taken out of the configuration. */
function isWanted(name: string): boolean {
  const { clusters }: WorldConfig = JSON.parse(readFileSync(process.argv.at(-1) ?? '', 'utf8'));
  return clusters.some((one) => one.name === name);
}

function spawnClusterProcess(config: WorldConfig, cluster: EmbeddedCluster, socket: number): ChildProcess {
  const { log } = clusterPaths(config.home, cluster.name);
  const output = openSync(log, 'a', 0o600);
  const program = config.clusterProgram ?? join(config.programs.isthmusRoot, 'src/embedded/world/cluster-process.ts');
  return spawn(
    'nsenter',
    [
      `--net=/run/netns/${nodeNamespace(cluster.name)}`,
      ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
      ...[config.programs.node, '--max-semi-space-size=4', program, cluster.name, process.argv.at(-1) ?? ''],
    ],
    { stdio: ['pipe', output, output, 'pipe', socket] },
  );
}

await main();
