/** Clusters that come to a world that runs, and go from it, while the others carry traffic. */
import { mkdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IsthmusError } from '../../errors/index.ts';
import { run } from '../../process/index.ts';
import { clusterPaths, type EmbeddedCluster, type WorldConfig, type WorldRecord } from './config.ts';
import { launch, type StartOptions } from './launch.ts';
import { listenOnLoopback, portOf } from './loopback.ts';
import { removalOfNode } from './network.ts';
import { ensureClusterPki, writePrivate } from './pki.ts';
import { findWorldRoots, type ProcessFacts, withDescendants } from './processes.ts';
import { endProcesses } from './stop.ts';

/** What must be known of a cluster to take its node away. */
type LeavingCluster = Pick<EmbeddedCluster, 'name' | 'network' | 'podRange'>;

/** Those that run not yet. @throws IsthmusError `world.differs` where something that runs is wanted otherwise. */
export function addedClusters(running: WorldConfig, wanted: WorldConfig): EmbeddedCluster[] {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const known = (name: string) => running.clusters.find((one) => one.name === name);
  const keys = (Object.keys(wanted) as (keyof WorldConfig)[]).filter((key) => key !== 'clusters');
  const differing = [
    ...keys.filter((key) => !same(running[key], wanted[key])),
    ...wanted.clusters
      .filter((one) => known(one.name) && !same(known(one.name), one))
      .map((one) => `cluster ${one.name}`),
  ];
  if (differing.length === 0) return wanted.clusters.filter((one) => !known(one.name));
  throw new IsthmusError({
    code: 'world.differs',
    fault: 'user',
    what: 'the clusters that run were started with other settings',
    where: wanted.home,
    why: `these differ: ${differing.join(', ')}`,
    fix: 'run `isthmus down` first, then `isthmus up`',
  });
}

/** Starts clusters beside those that run. @returns the ports of all. @throws IsthmusError `world.start`; the others run on. */
export async function addClusters(
  before: WorldRecord,
  wanted: WorldConfig,
  added: EmbeddedCluster[],
  options: StartOptions,
): Promise<Record<string, number>> {
  const config: WorldConfig = { ...wanted, clusters: [...before.config.clusters, ...added] };
  for (const { name } of added) mkdirSync(clusterPaths(config.home, name).folder, { recursive: true, mode: 0o700 });
  await Promise.all(added.map((cluster) => ensureClusterPki(config.home, cluster, config.clusterDomain)));
  const sockets = await Promise.all(added.map(() => listenOnLoopback(undefined)));
  try {
    const ports = Object.fromEntries(added.map((cluster, index) => [cluster.name, portOf(sockets[index]!)]));
    const hostPorts = { ...before.hostPorts, ...ports };
    await writeRecord({ config, hostPorts });
    const names = added.map((one) => one.name);
    const entry = await entryInto(config.home);
    await launch(config, sockets, options, { entry, only: names, undo: () => removeClusters(config.home, added) });
    return hostPorts;
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/**
 * Ends clusters and removes what they kept, while the others run on. What is gone already is no mistake, so that a removal that was
 * interrupted is brought to its end by another.
 */
export async function removeClusters(home: string, gone: LeavingCluster[]): Promise<void> {
  const names = gone.map((one) => one.name);
  const path = join(home, 'world.json');
  const record: WorldRecord = JSON.parse(await readFile(path, 'utf8'));
  const left = record.config.clusters.filter((one) => !names.includes(one.name));
  const hostPorts = Object.fromEntries(Object.entries(record.hostPorts).filter(([name]) => !names.includes(name)));
  // Their supervisor looks into the configuration before it starts them again.
  await writeRecord({ config: { ...record.config, clusters: left }, hostPorts });
  const roots = await findWorldRoots(home);
  const all = (await Promise.all(roots.map((root) => withDescendants(root.pid)))).flat();
  const chains = all.filter((one) => names.includes(clusterOf(one) ?? ''));
  // The innermost of each: the first process of its namespace takes all others with it, and is waited for by those that started it.
  const innermost = chains.filter((one) => !chains.some((other) => other.parent === one.pid));
  await endProcesses(home, innermost, await withAllBelow(chains));
  if (roots.length > 0 && gone.length > 0) {
    const script = gone.map((cluster) => removalOfNode(cluster, left)).join('\n');
    const [command = '', ...args] = [...(await entryInto(home)), 'sh', '-c', script];
    await run(command, args);
  }
  for (const name of names) await rm(clusterPaths(home, name).folder, { recursive: true, force: true });
}

/** The cluster whose process, or a process that leads to it, this is. */
function clusterOf({ argv }: ProcessFacts): string | undefined {
  return argv.at(-3)?.endsWith('world/cluster-process.ts') ? argv.at(-2) : undefined;
}

async function withAllBelow(some: ProcessFacts[]): Promise<ProcessFacts[]> {
  const all = (await Promise.all(some.map((one) => withDescendants(one.pid)))).flat();
  return [...new Map(all.map((one) => [one.pid, one])).values()];
}

async function writeRecord(record: WorldRecord): Promise<void> {
  const { home } = record.config;
  await writePrivate(join(home, 'world.json'), JSON.stringify(record, null, 2));
  await writePrivate(join(home, 'world-config.json'), JSON.stringify(record.config, null, 2));
}

/** The program that enters a world, to be followed by what is to run there. */
async function entryInto(home: string): Promise<string[]> {
  const roots = await findWorldRoots(home);
  const all = (await Promise.all(roots.map((root) => withDescendants(root.pid)))).flat();
  // The first process inside: the one that unshared is itself outside of the process namespace.
  const first = all.find((one) => roots.some((root) => root.pid === one.parent && root.argv[0]?.endsWith('unshare')));
  if (!first)
    throw new IsthmusError({
      code: 'world.not-running',
      what: 'the clusters do not run',
      where: home,
      fix: 'start them: isthmus up',
    });
  const namespaces = ['--user', '--mount', '--net', '--pid', '--uts', '--ipc'];
  return ['nsenter', '--target', String(first.pid), ...namespaces, '--preserve-credentials', '--'];
}
