/**
 * The world's network: one bridge `wan` on which every node has its address, and a namespace per node. Which addresses reach which is
 * decided here alone: pod networks hang below their node, and routes to them lead between nodes of one network only.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { run } from '../../process/index.ts';
import { addressAt, prefixLength } from './addresses.ts';
import { clusterPaths, type EmbeddedCluster, nodeNamespace, type WorldConfig } from './config.ts';

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
    // Of its own, since that of a port would go with the port.
    'link set wan address 0a:58:00:00:00:01 up',
  ]);
  await addNodes(config, config.clusters);
}

/** Makes the namespaces of these nodes and joins them to the shared network, also while others run on it. */
export async function addNodes(config: WorldConfig, clusters: EmbeddedCluster[]): Promise<void> {
  // Namespaces are made one by one: ip's batch mode changes into each and does not come back.
  for (const { name } of clusters) await run('ip', ['netns', 'add', nodeNamespace(name)]);
  await ip(
    clusters.flatMap(({ name }) => [
      `link add ${bridgePort(name)} type veth peer name eth0 netns ${nodeNamespace(name)}`,
      `link set ${bridgePort(name)} master wan up`,
    ]),
  );
  for (const cluster of clusters) {
    const address = `${cluster.nodeAddress}/${prefixLength(config.sharedNetwork)}`;
    const lines = ['link set lo up', `addr add ${address} dev eth0`, 'link set eth0 up'];
    await ip([...lines, ...routesFrom(cluster, config.clusters)], nodeNamespace(cluster.name));
  }
  for (const other of config.clusters.filter((one) => !clusters.includes(one)))
    await ip(routesFrom(other, clusters), nodeNamespace(other.name));
}

/** The commands that take a node away whose processes have ended, for a shell in the world: its pods' namespaces, its own, what it kept. */
export function removalOfNode(
  cluster: Pick<EmbeddedCluster, 'name' | 'network' | 'podRange'>,
  others: EmbeddedCluster[],
): string {
  const { run: folder } = clusterPaths('', cluster.name);
  return [
    `for n in ${folder}/netns/*; do [ -e "$n" ] && ip netns delete "$(basename "$n")"; done`,
    `ip netns delete ${nodeNamespace(cluster.name)}`,
    `rm -rf ${folder}`,
    ...others
      .filter((other) => other.network === cluster.network)
      .map((other) => `ip -n ${nodeNamespace(other.name)} route delete ${cluster.podRange}`),
    'true',
  ].join('\n');
}

/** Interface names have at most 15 characters, and clusters come and go: neither a name nor a place in the list would do. */
const bridgePort = (cluster: string): string => `wan-${createHash('sha256').update(cluster).digest('hex').slice(0, 8)}`;

/** As a flat network has them: the pods of each neighbour by way of its node. */
const routesFrom = (cluster: EmbeddedCluster, all: EmbeddedCluster[]): string[] =>
  all
    .filter((other) => other.name !== cluster.name && other.network === cluster.network)
    .map((other) => `route replace ${other.podRange} via ${other.nodeAddress}`);

async function ip(lines: string[], namespace?: string): Promise<void> {
  if (lines.length === 0) return;
  await run('ip', [...(namespace ? ['-n', namespace] : []), '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
