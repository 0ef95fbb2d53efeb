/** Rules of TCPRoutes and TLSRoutes as tcp and tls rules of a VirtualService. */
import { destinationsOf, type RuleContext, totalWeight } from './backends.ts';
import type { Rules } from './http-rules.ts';
import type { Problem } from './types.ts';

/** A cluster that nobody has: connections that are to lead nowhere are closed. */
const nowhere = [
  { destination: { host: 'internal.cluster.local', subset: 'zero-weight', port: { number: 65_535 } }, weight: 0 },
];

export function connectionRules(context: RuleContext): Rules {
  const { spec } = context.route;
  const match = context.kind === 'TLSRoute' ? [{ sniHosts: spec.hostnames?.length ? spec.hostnames : ['*'] }] : [];
  const rules: any[] = [];
  let problem: Problem | undefined;
  for (const rule of spec.rules ?? []) {
    const isNowhere = totalWeight(rule.backendRefs) === 0;
    const to = isNowhere ? { destinations: nowhere } : destinationsOf(rule.backendRefs, context);
    if (to.fatal) return { rules: [], problem: to.fatal };
    problem = to.problem ?? problem;
    rules.push({ ...(match.length > 0 ? { match } : {}), route: to.destinations });
  }
  return { rules, problem };
}
