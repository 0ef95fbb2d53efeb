import { type ConfigObject, type Existing, httpRoutes, type ServiceKey, virtualServiceOf } from './objects.ts';
import { type Weight, weighted, withSubsets } from './subsets.ts';

/**
 * Sends shares of the requests to versions, by the route that takes what no other matches; one is added at the end where there is none.
 * The DestinationRule comes first: a route to a subset that does not exist yet answers 503.
 */
export function trafficShifting(service: ServiceKey, weights: Weight[], existing: Existing = {}): ConfigObject[] {
  const versions = weights.map(({ version }) => version);
  const { rule, subsetOf } = withSubsets(service, versions, existing.destinationRule);
  const virtualService = virtualServiceOf(service, existing.virtualService);
  const routes = httpRoutes(service, virtualService);
  const route = weighted(service, weights, subsetOf);
  const fallback = routes.find((one) => one['match'] === undefined);
  if (fallback) fallback['route'] = route;
  else routes.push({ route });
  return [rule, virtualService];
}

/** The shares that hold now, as far as an object says; what it does not name has none. Undefined where none says anything. */
export function presentWeights(versions: string[], existing: Existing): Weight[] | undefined {
  const routes: Record<string, any>[] = existing.virtualService?.spec['http'] ?? [];
  const route: Record<string, any>[] | undefined = routes.find((one) => one['match'] === undefined)?.['route'];
  const subsets: { name: string; labels?: Record<string, string> }[] = existing.destinationRule?.spec['subsets'] ?? [];
  if (!route?.every((one) => one['destination']?.subset !== undefined)) return undefined;
  return versions.map((version) => {
    const names = subsets.filter(({ labels }) => labels?.['version'] === version).map(({ name }) => name);
    const sent = route.filter((one) => names.includes(one['destination'].subset));
    const weight = sent.reduce((sum, one) => sum + (one['weight'] ?? (route.length === 1 ? 100 : 0)), 0);
    return { version, weight };
  });
}

/** Even shares that make 100. */
export function evenWeights(versions: string[]): Weight[] {
  const share = Math.floor(100 / Math.max(versions.length, 1));
  return versions.map((version, index) => ({
    version,
    weight: index === 0 ? 100 - share * (versions.length - 1) : share,
  }));
}
