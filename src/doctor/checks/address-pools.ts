import { type KubeObject, kinds } from '../../kube/index.ts';
import { type Check, kubectl, objectOf, textOf } from '../check.ts';

interface Range {
  cluster: string;
  object: KubeObject;
  text: string;
  first: number;
  last: number;
}

/** Two clusters that give out the same addresses on one wire: whoever answers first has them. */
export const addressPools: Check = {
  code: 'ISM303',
  title: 'address pools of clusters do not overlap',
  async run({ clusters }) {
    const ranges: Range[] = [];
    const broken: ReturnType<typeof unreadable>[] = [];
    for (const cluster of clusters)
      for (const pool of await cluster.list(kinds.IPAddressPool))
        for (const text of (pool['spec']?.addresses ?? []) as string[]) {
          const range = rangeOf(text);
          if (range) ranges.push({ cluster: cluster.name, object: pool, text, ...range });
          else if (!text.includes(':')) broken.push(unreadable(cluster.name, pool, text));
        }
    const overlaps = ranges.flatMap((one, index) =>
      ranges
        .slice(index + 1)
        .filter((other) => other.cluster !== one.cluster && one.first <= other.last && other.first <= one.last)
        .map((other) => ({
          severity: 'error' as const,
          message: `${textOf(objectOf(one.cluster, one.object, 'IPAddressPool'))} (${one.text}) and ${textOf(objectOf(other.cluster, other.object, 'IPAddressPool'))} (${other.text}) overlap: on one network both clusters answer for the same addresses.`,
          object: objectOf(other.cluster, other.object, 'IPAddressPool'),
          beside: [objectOf(one.cluster, one.object, 'IPAddressPool')],
          fix: `${kubectl(other.cluster, other.object.metadata.namespace)} edit ipaddresspool ${other.object.metadata.name}`,
        })),
    );
    return [...broken, ...overlaps];
  },
};

const unreadable = (cluster: string, pool: KubeObject, text: string) => ({
  severity: 'error' as const,
  message: `${textOf(objectOf(cluster, pool, 'IPAddressPool'))} has the range "${text}", which is none.`,
  object: objectOf(cluster, pool, 'IPAddressPool'),
  fix: `${kubectl(cluster, pool.metadata.namespace)} edit ipaddresspool ${pool.metadata.name}`,
});

/** `a-b` or `a/bits`, IPv4. */
function rangeOf(text: string): { first: number; last: number } | undefined {
  const [start = '', end = ''] = text.split('-').map((one) => one.trim());
  if (text.includes('-')) {
    const [first, last] = [numberOf(start), numberOf(end)];
    return first === undefined || last === undefined || first > last ? undefined : { first, last };
  }
  const [address = '', bits = '32'] = text.split('/');
  const number = numberOf(address);
  const size = 2 ** (32 - Number(bits));
  if (number === undefined || !/^\d+$/.test(bits) || Number(bits) > 32) return undefined;
  const first = Math.floor(number / size) * size;
  return { first, last: first + size - 1 };
}

function numberOf(address: string): number | undefined {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((one) => !Number.isInteger(one) || one < 0 || one > 255)) return undefined;
  return parts.reduce((sum, one) => sum * 256 + one, 0);
}
