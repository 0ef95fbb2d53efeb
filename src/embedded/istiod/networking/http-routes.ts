/** The HTTP rules of a VirtualService as Envoy's routes, for sidecars and gateways alike (Istio's core/route/route.go). */
import type { MeshSnapshot } from '../model.ts';
import { destinationCluster, type Lookup } from './destination.ts';
import { destinationRuleFor } from './destination-rule.ts';
import { seconds } from './durations.ts';
import { hashOfDestination, hashPolicies } from './hash-policy.ts';
import { headerOperations, joinedOperations } from './header-operations.ts';
import { configMetadata } from './names.ts';
import { retryPolicy } from './retry-policy.ts';
import { fraction, routeFilters } from './route-filters.ts';
import { isReachable, type MatchPlace, routeMatch, takesAll } from './route-match.ts';
import { directResponse, redirectAction } from './route-redirect.ts';
import type { VirtualService } from './virtual-services.ts';

export interface RoutePlace extends MatchPlace {
  snapshot: MeshSnapshot;
  lookup: Lookup;
  isTls: boolean;
}

/** Routes in their order; what comes after one that takes everything is left out. Empty where no rule is about this place. */
export function httpRoutes(owner: VirtualService, place: RoutePlace): any[] {
  const routes: any[] = [];
  for (const rule of owner.http) {
    const matches: any[] = rule.match?.length ? rule.match : [undefined];
    for (const match of matches) {
      if (match && !isReachable(match, place)) continue;
      const route = httpRoute(owner, rule, match, place);
      routes.push(route);
      if (takesAll(route.match)) return routes;
    }
  }
  return routes;
}

function httpRoute(owner: VirtualService, rule: any, match: any, place: RoutePlace): any {
  const operations = headerOperations(rule.headers);
  const name = [rule.name, match?.name].filter(Boolean).join('.');
  const matched = routeMatch(match, owner.isOfGatewayApi);
  const { route, fields = {} } = actionOf(
    rule,
    operations.authority,
    place,
    owner.isOfGatewayApi ? matched : undefined,
  );
  return {
    ...(name ? { name } : {}),
    match: matched,
    ...(match?.statPrefix ? { stat_prefix: match.statPrefix } : {}),
    metadata: { filter_metadata: { istio: configMetadata('virtual-service', owner.object.metadata) } },
    ...route,
    ...joinedOperations(operations.fields, fields),
    ...routeFilters(rule),
  };
}

function actionOf(
  rule: any,
  authority: string | undefined,
  place: RoutePlace,
  /** The route's match, for rules of the Gateway API. */
  gatewayMatch: any,
): { route: any; fields?: Record<string, unknown> } {
  if (rule.redirect) {
    const redirect = redirectAction(rule.redirect, place.port, place.isTls);
    return { route: redirect ? { redirect } : {} };
  }
  if (rule.directResponse) return { route: { direct_response: directResponse(rule.directResponse) } };
  const { target, hashes, fields, host } = targetOf(rule.route ?? [], place);
  const timeout = seconds(rule.timeout) ?? '0s';
  const rewritten = rule.rewrite?.authority || authority || host;
  const policies = hashes.flatMap(hashPolicies);
  const single = (rule.route ?? []).length === 1;
  const mirrors = mirrorsOf(rule, place);
  return {
    fields,
    route: {
      route: {
        ...target,
        ...rewriteOf(rule.rewrite, gatewayMatch),
        // Backends that are not there are the configuration's mistake (a rule of the Gateway API).
        ...(gatewayMatch ? { cluster_not_found_response_code: 'INTERNAL_SERVER_ERROR' } : {}),
        ...(rewritten ? { host_rewrite_literal: rewritten } : {}),
        timeout,
        ...retryPolicy(
          rule.retries ?? place.snapshot.meshConfig.raw['defaultHttpRetryPolicy'],
          single && Boolean(hashes[0]),
        ),
        ...(policies.length > 0 ? { hash_policy: policies } : {}),
        // The deprecated field, as Istio has it: what replaces it ends streams that have no grpc-timeout.
        max_grpc_timeout: timeout,
        ...(mirrors.length > 0 ? { request_mirror_policies: mirrors } : {}),
      },
    },
  };
}

function rewriteOf(rewrite: any, gatewayMatch: any): any {
  const regex = rewrite?.uriRegexRewrite;
  if (regex) return { regex_rewrite: { pattern: { regex: regex.match }, substitution: regex.rewrite } };
  // Taken off whole, the prefix must leave one slash, whether another one follows it or nothing.
  if (gatewayMatch && rewrite?.uri === '/') {
    const prefix = (gatewayMatch.path_separated_prefix ?? '').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return { regex_rewrite: { pattern: { regex: `^${prefix}(/?)(.*)` }, substitution: '/\\2' } };
  }
  return rewrite?.uri ? { prefix_rewrite: rewrite.uri } : {};
}

interface Target {
  target: any;
  hashes: any[];
  /** Header operations that belong to the route, since there is one destination only. */
  fields: Record<string, unknown>;
  host: string | undefined;
}

function targetOf(destinations: any[], place: RoutePlace): Target {
  const cluster = (one: any): string => destinationCluster(one.destination, place.lookup, place.port);
  const hash = (one: any): any => {
    const service = place.lookup(one.destination.host);
    const rule = service && destinationRuleFor(place.snapshot, place.proxy, service);
    return hashOfDestination(rule, one.destination);
  };
  if (destinations.length === 1) {
    const [only] = destinations;
    const { fields, authority } = headerOperations(only.headers);
    return { target: { cluster: cluster(only) }, hashes: [hash(only)].filter(Boolean), fields, host: authority };
  }
  const weighted = destinations.filter((one) => one.weight > 0);
  const clusters = weighted.map((one) => {
    const { fields, authority } = headerOperations(one.headers);
    return {
      name: cluster(one),
      weight: one.weight,
      ...fields,
      ...(authority ? { host_rewrite_literal: authority } : {}),
    };
  });
  const hashes = weighted.map(hash).filter(Boolean);
  return { target: { weighted_clusters: { clusters } }, hashes, fields: {}, host: undefined };
}

/** Zero percent is no mirror; nothing said is all of it. */
function mirrorsOf(rule: any, place: RoutePlace): any[] {
  const stated = [
    ...(rule.mirror
      ? [{ destination: rule.mirror, percentage: rule.mirrorPercentage, percent: rule.mirrorPercent }]
      : []),
    ...(rule.mirrors ?? []),
  ].filter((one) => one.destination);
  return stated.flatMap(({ destination, percentage, percent }) => {
    const share = percentage ? fraction(percentage) : { numerator: percent ?? 100 };
    if (share.numerator === 0) return [];
    return [
      {
        cluster: destinationCluster(destination, place.lookup, place.port),
        runtime_fraction: { default_value: share },
        trace_sampled: false,
        disable_shadow_host_suffix_append: true,
      },
    ];
  });
}
