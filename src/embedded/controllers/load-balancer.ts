/**
 * Addresses of Services of type LoadBalancer, as MetalLB gives them: from the pools of ConfigMap metallb-system/config and of
 * IPAddressPool objects. An address once given is kept; without a pool the reason is an event on the Service.
 */
import { parse } from 'yaml';
import { type ConfigMap, type KubeObject, kinds, type Service } from '../../kube/index.ts';
import { type Controller, type ControllerContext, keyedQueue, keyOf } from './controller.ts';

export interface Pool {
  name: string;
  autoAssign: boolean;
  ranges: [first: number, last: number][];
}

export const loadBalancer: Controller = {
  name: 'load-balancer',
  start(context) {
    const said = new Map<string, string>();
    // One at a time: two services must not be given the same address.
    const queue = keyedQueue(context, 'load-balancer', async () => {
      for (const service of context.informer<Service>(kinds.Service).list()) await assign(context, service, said);
    });
    const add = () => queue.add('/all');
    context.informer(kinds.Service).on(({ type, object }) => {
      if (type === 'deleted') said.delete(keyOf(object));
      if (object['spec'].type === 'LoadBalancer' || object['status']?.loadBalancer?.ingress) add();
    });
    context.informer(kinds.ConfigMap).on(({ object }) => {
      if (object.metadata.namespace === 'metallb-system' && object.metadata.name === 'config') add();
    });
    context.informer(kinds.IPAddressPool).on(add);
    return queue;
  },
};

async function assign(context: ControllerContext, service: Service, said: Map<string, string>): Promise<void> {
  const { namespace, name } = service.metadata;
  const given = service.status?.loadBalancer?.ingress?.[0]?.ip;
  if (
    service.spec['type'] !== 'LoadBalancer' ||
    service.metadata.deletionTimestamp ||
    service.spec['loadBalancerClass']
  ) {
    if (given && service.spec['type'] !== 'LoadBalancer') await writeAddress(context, service, undefined);
    return;
  }
  const pools = readPools(context);
  const used = new Set(
    context
      .informer<Service>(kinds.Service)
      .list()
      .filter((one) => keyOf(one) !== keyOf(service))
      .flatMap((one) => (one.status?.loadBalancer?.ingress ?? []).map((entry) => entry.ip)),
  );
  const choice = chooseAddress(pools, used, given, wishesOf(service));
  if ('address' in choice) {
    if (choice.address === given) return;
    await writeAddress(context, service, choice.address);
    said.delete(keyOf(service));
    context.event(service, 'Normal', 'IPAllocated', `Assigned IP ["${choice.address}"]`, 'metallb-controller');
    return;
  }
  if (said.get(keyOf(service)) === choice.why) return;
  said.set(keyOf(service), choice.why);
  context.event(
    service,
    'Warning',
    'AllocationFailed',
    `Failed to allocate IP for "${namespace}/${name}": ${choice.why}`,
    'metallb-controller',
  );
}

async function writeAddress(context: ControllerContext, service: Service, address: string | undefined): Promise<void> {
  const loadBalancer = address ? { ingress: [{ ip: address, ipMode: 'VIP' }] } : { ingress: null };
  await context.client.patch(
    kinds.Service,
    service.metadata.name!,
    service.metadata.namespace,
    { status: { loadBalancer } },
    { type: 'merge', subresource: 'status' },
  );
  // The next service must see this one's address before the watch tells of it.
  service.status = { ...service.status, loadBalancer: address ? { ingress: [{ ip: address }] } : {} };
}

interface Wishes {
  address?: string | undefined;
  pool?: string | undefined;
}

function wishesOf(service: Service): Wishes {
  const annotations = service.metadata.annotations ?? {};
  const address =
    annotations['metallb.io/loadBalancerIPs'] ??
    annotations['metallb.universe.tf/loadBalancerIPs'] ??
    service.spec['loadBalancerIP'];
  return {
    address: address?.split(',')[0],
    pool: annotations['metallb.io/address-pool'] ?? annotations['metallb.universe.tf/address-pool'],
  };
}

/** The address for a service: the one it has if it still fits, the one it wishes, or the first free one. */
export function chooseAddress(
  pools: Pool[],
  used: Set<string | undefined>,
  given: string | undefined,
  wishes: Wishes,
): { address: string } | { why: string } {
  if (pools.length === 0)
    return { why: 'no pool is defined: create ConfigMap metallb-system/config or an IPAddressPool' };
  const isIn = (pool: Pool, address: string): boolean =>
    pool.ranges.some(([first, last]) => toNumber(address) >= first && toNumber(address) <= last);
  const allowed = pools.filter((pool) => (wishes.pool ? pool.name === wishes.pool : pool.autoAssign || wishes.address));
  if (wishes.pool && allowed.length === 0) return { why: `unknown pool "${wishes.pool}"` };
  if (wishes.address) {
    if (!allowed.some((pool) => isIn(pool, wishes.address!)))
      return { why: `["${wishes.address}"] is not allowed in config` };
    if (used.has(wishes.address))
      return { why: `can't change sharing key for "${wishes.address}", address also in use` };
    return { address: wishes.address };
  }
  if (given && !used.has(given) && allowed.some((pool) => isIn(pool, given))) return { address: given };
  for (const pool of allowed)
    for (const [first, last] of pool.ranges)
      for (let number = first; number <= last; number++)
        if (!used.has(toAddress(number))) return { address: toAddress(number) };
  return { why: 'no available IPs' };
}

function readPools(context: ControllerContext): Pool[] {
  const config = context.informer<ConfigMap>(kinds.ConfigMap).get('metallb-system', 'config')?.data?.['config'];
  const objects = context.informer<KubeObject>(kinds.IPAddressPool).list();
  return [
    ...(config ? parsePools(config, context.log) : []),
    ...objects.map((pool) => ({
      name: pool.metadata.name ?? '',
      autoAssign: pool['spec']?.autoAssign !== false,
      ranges: rangesOf(pool['spec']?.addresses ?? []),
    })),
  ];
}

/** The pools of the ConfigMap form. What cannot be read gives no pool and a line in the log. */
export function parsePools(text: string, log: (line: string) => void): Pool[] {
  try {
    const pools: any[] = parse(text)?.['address-pools'] ?? [];
    return pools.map((pool) => ({
      name: String(pool.name),
      autoAssign: pool['auto-assign'] !== false,
      ranges: rangesOf(pool.addresses ?? []),
    }));
  } catch (error) {
    log(`load-balancer: metallb-system/config cannot be read: ${error instanceof Error ? error.message : error}`);
    return [];
  }
}

/** `a-b` or CIDR, as numbers. Anything else is no range. */
function rangesOf(addresses: string[]): [number, number][] {
  return addresses.flatMap((text): [number, number][] => {
    const range = /^\s*(\d+\.\d+\.\d+\.\d+)\s*-\s*(\d+\.\d+\.\d+\.\d+)\s*$/.exec(text);
    if (range) return [[toNumber(range[1]!), toNumber(range[2]!)]];
    const cidr = /^\s*(\d+\.\d+\.\d+\.\d+)\/(\d+)\s*$/.exec(text);
    if (!cidr) return [];
    const size = 2 ** (32 - Number(cidr[2]));
    const start = Math.floor(toNumber(cidr[1]!) / size) * size;
    return [[start, start + size - 1]];
  });
}

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
