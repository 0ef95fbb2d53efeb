/**
 * Whether the clusters that read others reach their API servers, as far as it can be known before anything is put into them: by what the
 * addresses are, by what an istiod that runs already says, and by a connection from a pod that lives as long as it.
 */
import { isIPv4 } from 'node:net';
import { IsthmusError } from '../errors/index.ts';
import { type Mesh, type MeshCluster, parseCidr, readersOf } from '../spec/index.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import { probeFrom } from './reach-probe.ts';
import { knowsSynced } from './reach-synced.ts';

export interface Reach {
  from: string;
  to: string;
  /** Undefined where it cannot be known. */
  reached: boolean | undefined;
  /** How it is known, or why it is not. */
  why: string;
}

/** A cluster that others read, as one of them sees it. */
interface Link {
  from: ProvidedCluster;
  to: ProvidedCluster;
}

/**
 * Every cluster from every primary that reads it, and from Kiali's home. Embedded clusters reach each other by how they are made: they are not asked.
 * @throws IsthmusError `providers.not-reached` for the first that is known not to be reached.
 */
export async function checkReach(mesh: Mesh, clusters: ProvidedCluster[], signal?: AbortSignal): Promise<Reach[]> {
  const provided = (name: string) => clusters.find((one) => one.name === name)!;
  const readers = (to: MeshCluster): string[] => {
    const kiali = mesh.kiali && mesh.kiali.homeCluster !== to.name ? [mesh.kiali.homeCluster] : [];
    return [...new Set([...readersOf(mesh, to).map((from) => from.name), ...kiali])];
  };
  const links = mesh.clusters
    .flatMap((to) => readers(to).map((from): Link => ({ from: provided(from), to: provided(to.name) })))
    .filter(({ from, to }) => from.provider !== 'embedded' || to.provider !== 'embedded');
  const refused = links.flatMap((link) => {
    const why = whyNever(link, mesh.clusters);
    return why ? [{ from: link.from.name, to: link.to.name, reached: false, why }] : [];
  });
  if (refused[0]) throw notReached(refused[0], provided(refused[0].to));
  const asking = [...new Set(links.map((one) => one.from))];
  const found = await Promise.all(
    asking.map((from) =>
      asked(
        from,
        links.filter((one) => one.from === from).map((one) => one.to),
        signal,
      ),
    ),
  );
  const all = found.flat();
  const not = all.find((one) => one.reached === false);
  if (not) throw notReached(not, provided(not.to));
  return all;
}

async function asked(from: ProvidedCluster, targets: ProvidedCluster[], signal?: AbortSignal): Promise<Reach[]> {
  const synced = await knowsSynced(from, targets, signal);
  const known = targets.filter((to) => synced.has(to.name));
  const others = targets.filter((to) => !synced.has(to.name));
  return [
    ...known.map((to) => ({
      from: from.name,
      to: to.name,
      reached: true,
      why: `istiod of ${from.name} has synced it`,
    })),
    ...(await probeFrom(from, others, signal)),
  ];
}

/** What an address says by itself: that nobody else comes to it, or that it means something else to who reads it. */
export function whyNever({ from, to }: Link, mesh: MeshCluster[] = []): string | undefined {
  if ((from.provider === 'embedded') !== (to.provider === 'embedded')) {
    const embedded = from.provider === 'embedded' ? from : to;
    return `${embedded.name} is embedded: it stands in namespaces of this machine, and no other cluster comes to it, nor it to them`;
  }
  const { hostname, host } = new URL(to.internalServer);
  if (isLoopback(hostname)) return `to ${from.name}, ${hostname} means itself`;
  if (isInCluster(hostname)) return `in ${from.name}, ${hostname} is its own API server`;
  if (from.internalServer && new URL(from.internalServer).host === host)
    return `${from.name} is said to be at ${host} too`;
  if (!isIPv4(hostname)) return undefined;
  if (hostname === '0.0.0.0' || hostname.startsWith('169.254.'))
    return `${hostname} means something within one machine only`;
  const rangesOf = ({ name, podRange, serviceRange }: ProvidedCluster) => {
    const stated = mesh.find((one) => one.name === name);
    return { pods: podRange ?? stated?.podRange, services: serviceRange ?? stated?.serviceRange };
  };
  const [own, others] = [rangesOf(to), rangesOf(from)];
  if (holds(own.services, hostname)) return `${hostname} is an address of a Service of ${to.name}, known in it alone`;
  if (holds(others.services, hostname) || holds(others.pods, hostname))
    return `${hostname} lies in a range of ${from.name}'s own pods or Services, where it means something else`;
  return undefined;
}

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || host.startsWith('127.');

const isInCluster = (host: string): boolean =>
  host === 'kubernetes' ||
  /^kubernetes\.default(\.|$)/.test(host) ||
  host.endsWith('.svc') ||
  host.endsWith('.cluster.local');

function holds(range: string | undefined, address: string): boolean {
  const parsed = range === undefined ? undefined : parseCidr(range);
  if (!parsed || !('first' in parsed)) return false;
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return value >= parsed.first && value <= parsed.last;
}

function notReached({ from, to, why }: Reach, { internalServer, provider }: ProvidedCluster): IsthmusError {
  return new IsthmusError({
    code: 'providers.not-reached',
    fault: 'user',
    what: `${from} does not reach the API server of ${to}, which is to be read from there`,
    where: internalServer,
    why,
    fix:
      provider === 'embedded' || why.includes('embedded')
        ? 'let all clusters of the mesh be embedded, or none'
        : `name an address that pods of ${from} reach as provider.existing.internalServer of ${to} in mesh.yaml, or open the way there`,
  });
}
