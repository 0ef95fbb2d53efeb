/** Host side: starts a world, or finds the one that runs. */
import { mkdirSync } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addClusters, addedClusters } from './change.ts';
import { clusterPaths, type WorldConfig, type WorldRecord } from './config.ts';
import { type KubeconfigEntry, kubeconfigOf } from './kubeconfig.ts';
import { launchWorld, type StartOptions } from './launch.ts';
import { listenOnLoopback, portOf } from './loopback.ts';
import { ensureClusterPki, writePrivate } from './pki.ts';
import { findWorldRoots } from './processes.ts';
import { stopWorld } from './stop.ts';

export interface StartedWorld {
  /** False when the same world was already running. */
  started: boolean;
  clusters: { name: string; hostPort: number; caPem: string; clientCertPem: string; clientKeyPem: string }[];
  /** Path of the kubeconfig for people, whose contexts are named like the clusters. */
  kubeconfig: string;
}

/**
 * Starts the world that the configuration describes; a second call finds it running and adds the clusters that are new. Those that the
 * configuration does not name any more go on until `removeClusters` is told to end them.
 * @throws IsthmusError `world.differs` when another configuration is running; `world.start` when it cannot be started.
 */
export async function startWorld(config: WorldConfig, options: StartOptions = {}): Promise<StartedWorld> {
  await mkdir(config.home, { recursive: true, mode: 0o700 });
  await chmod(config.home, 0o700);
  const recordPath = join(config.home, 'world.json');
  const before = await readRecord(recordPath);
  const running = (await findWorldRoots(config.home)).length > 0;
  if (running && before && (await answers(before))) {
    const added = addedClusters(before.config, config);
    const hostPorts = added.length > 0 ? await addClusters(before, config, added, options) : before.hostPorts;
    return describe(config, hostPorts, false);
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
    await launchWorld(config, sockets, options);
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
