/**
 * The network of pods on a node: a namespace each, joined by the bridge cni0. Pods have /32 addresses and reach even their neighbours by
 * way of the node, since answers to a translated address must pass where the translation is known.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tryRun } from '../../../process/index.ts';

export interface PodNetwork {
  /** Path of the namespace. */
  netns: string;
  ip: string;
}

export interface NodeNetwork {
  createPodNetwork(id: string): Promise<PodNetwork>;
  removePodNetwork(id: string): Promise<void>;
}

export interface NodeNetworkOptions {
  podCidr: string;
  serviceCidr: string;
  podBridge: string;
  /** The node's own address in the pod range. */
  gateway: string;
  /** Holds the last address given out, so that a new pod is not taken for the one that had it before. */
  runDir: string;
}

const folder = '/run/netns';
const prefix = 'pod-';

/** Prepares the node's side; repeated after a restart of the cluster process, it takes away what pods left. */
export async function setUpNodeNetwork(options: NodeNetworkOptions): Promise<NodeNetwork> {
  const { podBridge, gateway, podCidr, serviceCidr, runDir } = options;
  mkdirSync(folder, { recursive: true });
  const mine = join(runDir, 'netns');
  mkdirSync(mine, { recursive: true });
  for (const name of readdirSync(mine)) {
    await tryRun('ip', ['netns', 'delete', name]);
    rmSync(join(mine, name), { force: true });
  }
  await tryRun('ip', ['link', 'add', podBridge, 'type', 'bridge']);
  await tryRun('ip', ['addr', 'add', `${gateway}/${podCidr.split('/')[1]}`, 'dev', podBridge]);
  await run('ip', ['link', 'set', podBridge, 'address', hardwareAddress(gateway), 'up']);
  // A connection of the node itself to a Service is routed before its address is translated: it needs a route, if to nowhere.
  await run('ip', ['route', 'replace', serviceCidr, 'dev', podBridge, 'src', gateway]);
  writeSetting('ipv4/ip_forward', '1');
  for (const name of ['all', 'default', podBridge, 'eth0']) writeSetting(`ipv4/conf/${name}/send_redirects`, '0');
  writeSetting('bridge/bridge-nf-call-iptables', '0');
  const addresses = addressAllocator(podCidr, join(runDir, 'last-address'));
  const given = new Map<string, string>();
  return {
    async createPodNetwork(id) {
      const name = nameOf(id);
      const ip = addresses.take();
      given.set(id, ip);
      writeFileSync(join(mine, name), '');
      await run('ip', ['netns', 'add', name]);
      const veth = `v${name.slice(prefix.length)}`;
      // The kernel takes the links of a namespace that is gone away some time later.
      await tryRun('ip', ['link', 'delete', veth]);
      await run('ip', ['-batch', '-'], {
        input: [
          `link add ${veth} type veth peer name eth0 netns ${name}`,
          `link set ${veth} master ${podBridge} up`,
          `link set ${veth} type bridge_slave hairpin on`,
          '',
        ].join('\n'),
      });
      await run('ip', ['-n', name, '-batch', '-'], {
        input: [
          'link set lo up',
          `addr add ${ip}/32 dev eth0`,
          'link set eth0 up',
          `route add ${gateway} dev eth0`,
          `route add default via ${gateway}`,
          '',
        ].join('\n'),
      });
      return { netns: `${folder}/${name}`, ip };
    },
    async removePodNetwork(id) {
      const name = nameOf(id);
      await tryRun('ip', ['link', 'delete', `v${name.slice(prefix.length)}`]);
      await tryRun('ip', ['netns', 'delete', name]);
      rmSync(join(mine, name), { force: true });
      const ip = given.get(id);
      if (ip) addresses.release(ip);
      given.delete(id);
    },
  };
}

/** Interface names have at most 15 characters. */
const nameOf = (id: string): string => `${prefix}${id.replaceAll('-', '').slice(0, 12)}`;

function writeSetting(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/net/${name}`, value);
  } catch {} // a kernel without the bridge filter has no such setting, and needs none
}

export function addressAllocator(cidr: string, file: string): { take(): string; release(address: string): void } {
  const [base, bits] = cidr.split('/') as [string, string];
  const size = 2 ** (32 - Number(bits));
  const start = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = 10; // below are the node and room for more of it
  const used = new Set<number>();
  let last = first - 1;
  try {
    last = Number(readFileSync(file, 'utf8')) || last;
  } catch {}
  const text = (offset: number): string =>
    [24, 16, 8, 0].map((shift) => Math.floor((start + offset) / 2 ** shift) % 256).join('.');
  return {
    take() {
      for (let tries = 0; tries < size; tries++) {
        last = last + 1 >= size - 1 ? first : last + 1;
        if (used.has(last)) continue;
        used.add(last);
        writeFileSync(file, String(last));
        return text(last);
      }
      throw new Error(`no free address in ${cidr}`);
    },
    release(address) {
      used.delete(address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) - start);
    },
  };
}

/**
 * A bridge without an address of its own takes the lowest of its ports', so that it changes when pods come and go; pods then send to the
 * former one until their neighbour entries are renewed, some seconds later. The form is that of Kubernetes' bridge plugin.
 */
const hardwareAddress = (ip: string): string =>
  ['0a', '58', ...ip.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'))].join(':');
