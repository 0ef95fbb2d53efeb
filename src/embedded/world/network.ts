/**
 * The world's network: one bridge `wan` on which every node has its address, and a namespace per node. Which addresses reach which is
 * decided here alone: pod networks hang below their node, and routes to them lead between nodes of one network only.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { run } from '../../process/index.ts';
import { addressAt, prefixLength } from './addresses.ts';
import { type EmbeddedCluster, nodeNamespace, type WorldConfig } from './config.ts';

/** Called by the first process of the world, before anything else runs in it. */
export async function setUpWorldNetwork(config: WorldConfig): Promise<void> {
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', '/run']);
  await mkdir('/run/netns');
  await mkdir('/run/isthmus', { mode: 0o700 });
  // With a default route and no name server, everything that resolves a name would hang until its time-out.
  await writeFile('/run/resolv.conf', '');
  await run('mount', ['--bind', '/run/resolv.conf', '/etc/resolv.conf']);
  await ip([
    'link set lo up',
    'link add wan type bridge',
    `addr add ${addressAt(config.sharedNetwork, 1)}/${prefixLength(config.sharedNetwork)} dev wan`,
    'link set wan up',
  ]);
  // Namespaces are made one by one: ip's batch mode changes into each and does not come back.
  for (const cluster of config.clusters) await run('ip', ['netns', 'add', nodeNamespace(cluster.name)]);
  await ip(
    config.clusters.flatMap((cluster, index) => [
      `link add wan${index} type veth peer name eth0 netns ${nodeNamespace(cluster.name)}`,
      `link set wan${index} master wan up`,
    ]),
  );
  for (const cluster of config.clusters) {
    const address = `${cluster.nodeAddress}/${prefixLength(config.sharedNetwork)}`;
    const routes = routesFrom(cluster, config.clusters);
    await ip(
      ['link set lo up', `addr add ${address} dev eth0`, 'link set eth0 up', ...routes],
      nodeNamespace(cluster.name),
    );
  }
}

/** As a flat network has them: the pods of each neighbour by way of its node. */
const routesFrom = (cluster: EmbeddedCluster, all: EmbeddedCluster[]): string[] =>
  all
    .filter((other) => other.name !== cluster.name && other.network === cluster.network)
    .map((other) => `route replace ${other.podRange} via ${other.nodeAddress}`);

async function ip(lines: string[], namespace?: string): Promise<void> {
  await run('ip', [...(namespace ? ['-n', namespace] : []), '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
