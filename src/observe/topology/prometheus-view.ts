import type { ClusterModel } from '../model/cluster-model.ts';
import { PrometheusClient } from '../prometheus/client.ts';
import type { FederationView, PrometheusView } from '../types/index.ts';
import type { PrometheusFacts } from './facts.ts';

/**
 * @param addresses load-balancer addresses of the Prometheus of each cluster, by which a federation's target is known
 * @param missing made by `missingFederations` for what is not among the targets
 */
export function prometheusOf(
  cluster: ClusterModel,
  facts: PrometheusFacts,
  addresses: Map<string, string>,
  missing: (found: FederationView[]) => FederationView[] = () => [],
): PrometheusView {
  const source = new PrometheusClient(cluster).source;
  const targets = facts.targets ?? [];
  const isFederation = (one: any): boolean => String(one.scrapeUrl ?? '').includes('/federate');
  const own = targets.filter((one) => !isFederation(one));
  const down = own.filter((one) => one.health !== 'up').length;
  const federation = targets.filter(isFederation).map((one) => federationOf(one, addresses));
  return {
    ...(source ? { source } : {}),
    ...(facts.version ? { version: facts.version } : {}),
    ...facts.settings,
    clusters: facts.clusters ?? [],
    ...(facts.targets ? { targets: { up: own.length - down, down } } : {}),
    federation: [...federation, ...missing(federation)],
    ...(facts.error
      ? { state: source ? ('broken' as const) : ('unknown' as const), why: facts.error }
      : facts.targets === undefined
        ? { state: 'unknown' as const, why: 'it has not been asked yet' }
        : down > 0
          ? { state: 'degraded' as const, why: `${down} of ${own.length} targets are down` }
          : { state: 'ok' as const }),
  };
}

function federationOf(target: any, addresses: Map<string, string>): FederationView {
  const { job = '', instance = '', cluster: labelled } = target.labels ?? {};
  const address = hostOf(String(target.scrapeUrl ?? ''));
  const cluster = addresses.get(address) ?? labelled ?? /^federate-(.+)$/.exec(job)?.[1];
  const isUp = target.health === 'up';
  return {
    job,
    target: instance || address,
    ...(cluster ? { cluster } : {}),
    state: isUp ? 'ok' : target.health === 'unknown' ? 'unknown' : 'broken',
    ...(isUp ? {} : { why: target.lastError || 'it was not scraped yet' }),
    ...(target.lastScrape ? { lastScrape: target.lastScrape } : {}),
  };
}

const hostOf = (url: string): string => {
  try {
    return new URL(url).hostname;
  } catch {
    return '';
  }
};

/** Addresses of services that stand before a Prometheus, by address. */
export function prometheusAddresses(clusters: ClusterModel[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const cluster of clusters)
    for (const service of cluster.list('Service')) {
      if (service.metadata.name !== 'prometheus' && service.metadata.labels?.['app'] !== 'prometheus') continue;
      for (const one of service['status']?.loadBalancer?.ingress ?? []) {
        const address = one.ip ?? one.hostname;
        if (address) found.set(address, cluster.name);
      }
    }
  return found;
}
