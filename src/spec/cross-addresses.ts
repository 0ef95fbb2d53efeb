/** Which address ranges must not meet. Defaults take part: an own range may collide with another cluster's default. */
import type { ClusterDraft } from './cross-checks.ts';
import { defaultAddresses, defaultSharedNetwork } from './defaults.ts';
import {
  type AddressRange,
  formatAddress,
  formatRange,
  overlaps,
  parseAddress,
  parseCidr,
  parseRange,
} from './ipv4.ts';
import type { Finding, Path } from './problem.ts';
import { valueAt } from './shape.ts';

interface Claim extends AddressRange {
  kind: 'pods' | 'services' | 'load balancers' | 'node';
  cluster: ClusterDraft;
  /** As written, or the default. */
  text: string;
  path: Path;
  atKey: boolean;
}

export function checkAddresses(root: unknown, clusters: ClusterDraft[]): Finding[] {
  const written = valueAt(root, ['spec', 'sharedNetwork', 'cidr']);
  const sharedText = written === undefined ? defaultSharedNetwork : String(written);
  const parsed = parseCidr(sharedText);
  const shared = 'first' in parsed ? parsed : undefined;
  const claims = clusters.flatMap((cluster) => claimsOf(cluster, shared ? sharedText : undefined));
  const findings: Finding[] = [];
  if (shared) {
    findings.push(...claims.flatMap((claim) => checkAgainstShared(claim, shared, sharedText)));
  }
  for (const [index, claim] of claims.entries())
    for (const earlier of claims.slice(0, index))
      if (mustBeApart(earlier, claim) && overlaps(earlier, claim)) findings.push(collision(earlier, claim));
  return findings;
}

function claimsOf(cluster: ClusterDraft, sharedText: string | undefined): Claim[] {
  const defaults =
    cluster.embedded && sharedText !== undefined ? defaultAddresses(cluster.index, sharedText) : undefined;
  const claim = (kind: Claim['kind'], key: string[], parse: (text: string) => object, fallback?: string): Claim[] => {
    const value = valueAt(cluster.raw, key);
    const text = value === undefined ? fallback : typeof value === 'string' ? value : undefined;
    if (text === undefined) return [];
    const range = parse(text);
    if (!('first' in range)) return [];
    const path = ['spec', 'clusters', cluster.index, ...(value === undefined ? ['name'] : key)];
    return [{ ...(range as AddressRange), kind, cluster, text, path, atKey: false }];
  };
  const single = (text: string): object => {
    const address = parseAddress(text);
    return address === undefined ? {} : { first: address, last: address };
  };
  return [
    ...claim('pods', ['podRange'], parseCidr, defaults?.podRange),
    ...claim('services', ['serviceRange'], parseCidr, defaults?.serviceRange),
    ...claim('load balancers', ['loadBalancerRange'], parseRange, defaults?.loadBalancerRange),
    ...claim('node', ['node', 'address'], single, defaults?.nodeAddress),
  ];
}

/** Nodes and load balancers of embedded clusters stand on the shared network; pods and services must not hide it. */
function checkAgainstShared(claim: Claim, shared: AddressRange, sharedText: string): Finding[] {
  if (!claim.cluster.embedded) return [];
  const owner = claim.cluster.name ?? 'this cluster';
  const at = { path: claim.path, atKey: claim.atKey };
  if (claim.kind === 'pods' || claim.kind === 'services')
    return overlaps(claim, shared)
      ? [
          {
            ...at,
            message: `${claim.text} (${claim.kind} of ${owner}) overlaps the shared network ${sharedText}`,
            fix: 'choose a range outside of it',
          },
        ]
      : [];
  // The first address is the network's, the second the host's, the last broadcast.
  const usable = { first: shared.first + 2, last: shared.last - 1 };
  if (claim.first >= usable.first && claim.last <= usable.last) return [];
  const what = claim.kind === 'node' ? `node address ${claim.text}` : `load-balancer range ${claim.text}`;
  return [
    {
      ...at,
      message: `${what} of ${owner} does not lie within the shared network ${sharedText}`,
      fix:
        claim.kind === 'node'
          ? `write node: {address: ...} from ${formatRange(usable)}`
          : `write loadBalancerRange: with addresses from ${formatRange(usable)}`,
    },
  ];
}

/**
 * In one cluster everything must be apart. Between clusters the load balancers and nodes share a network; pods of two clusters must be
 * apart too, as Istio tells endpoints by address, and so that a packet to the wrong cluster is refused instead of reaching a stranger.
 * Existing clusters' pod ranges matter between each other only on one network.
 */
function mustBeApart(a: Claim, b: Claim): boolean {
  if (a.cluster === b.cluster) return true;
  const outside = (claim: Claim) => claim.kind === 'load balancers' || claim.kind === 'node';
  if (outside(a) && outside(b)) return true;
  if (outside(a) || outside(b)) return true;
  const sameNetwork = a.cluster.network !== undefined && a.cluster.network === b.cluster.network;
  return sameNetwork || (a.cluster.embedded && b.cluster.embedded && !(a.kind === 'services' && b.kind === 'services'));
}

function collision(earlier: Claim, claim: Claim): Finding {
  const name = (one: Claim) =>
    one.cluster === claim.cluster ? 'the same cluster' : (one.cluster.name ?? `cluster ${one.cluster.index + 1}`);
  const plural = (one: Claim) => (one.kind === 'node' ? 'the node' : `the ${one.kind}`);
  const common = { first: Math.max(earlier.first, claim.first), last: Math.min(earlier.last, claim.last) };
  const shown = common.first === common.last ? formatAddress(common.first) : formatRange(common);
  const own = claim.path.at(-1) === 'name' ? ' (the default)' : '';
  return {
    path: claim.path,
    message: `${claim.text}${own}, for ${plural(claim)}${claim.cluster.name ? ` of ${claim.cluster.name}` : ''}, overlaps ${earlier.text} for ${plural(earlier)} of ${name(earlier)}`,
    fix: `choose ${claim.kind === 'node' ? 'an address' : 'a range'} without ${shown}`,
  };
}
