/** Kiali's badges of what configuration does to a service. */
import { routesOf, type ServiceConfig } from '../config/index-by-service.ts';
import type { GraphNode } from '../types/index.ts';

export function badgesOf({ virtualServices, destinationRules }: ServiceConfig): Partial<GraphNode> {
  const marks: Partial<GraphNode> = {};
  const hostnames = [...new Set(virtualServices.flatMap(({ object }) => object['spec']?.hosts ?? []))];
  if (virtualServices.length > 0) marks.hasVS = { hostnames };
  for (const { object } of virtualServices)
    for (const { protocol, route } of routesOf(object)) {
      if (route.fault) marks.hasFaultInjection = true;
      if (route.mirror || route.mirrors?.length > 0) marks.hasMirroring = true;
      if (route.timeout) marks.hasRequestTimeout = true;
      if (protocol === 'http' && route.match?.length > 0) marks.hasRequestRouting = true;
      if ((route.route ?? []).filter((one: any) => one.weight !== undefined).length > 1)
        marks[protocol === 'http' ? 'hasTrafficShifting' : 'hasTCPTrafficShifting'] = true;
    }
  for (const { object } of destinationRules) {
    const { trafficPolicy, subsets = [] } = object['spec'] ?? {};
    const policies = [trafficPolicy, ...subsets.map((one: any) => one.trafficPolicy)].filter(Boolean);
    if (policies.some((one: any) => one.connectionPool || one.outlierDetection)) marks.hasCB = true;
  }
  return marks;
}
