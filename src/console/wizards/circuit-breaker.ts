import {
  type ConfigObject,
  destinationRuleOf,
  durationOf,
  type Existing,
  put,
  type ServiceKey,
  secondsOf,
} from './objects.ts';

/** What is undefined is not limited, or is as Istio has it. */
export interface CircuitBreaker {
  /** TCP connections to each host. */
  maxConnections?: number | undefined;
  /** Requests that wait for a connection. */
  maxPendingRequests?: number | undefined;
  /** Requests at the same time. */
  maxRequests?: number | undefined;
  /** Endpoints that fail are left out for a time. */
  outliers?:
    | {
        consecutive5xxErrors: number;
        /** Seconds. */
        interval: number;
        baseEjectionTime: number;
        maxEjectionPercent: number;
      }
    | undefined;
}

/** Limits and outlier detection in the traffic policy of the service's DestinationRule; other parts of the policy stay. */
export function circuitBreaker(service: ServiceKey, limits: CircuitBreaker, existing: Existing = {}): ConfigObject[] {
  const rule = destinationRuleOf(service, existing.destinationRule);
  const policy: Record<string, any> = { ...rule.spec['trafficPolicy'] };
  const pool: Record<string, any> = structuredClone(policy['connectionPool'] ?? {});
  setIn(pool, 'tcp', 'maxConnections', limits.maxConnections);
  setIn(pool, 'http', 'http1MaxPendingRequests', limits.maxPendingRequests);
  setIn(pool, 'http', 'http2MaxRequests', limits.maxRequests);
  put(policy, 'connectionPool', Object.keys(pool).length > 0 ? pool : undefined);
  put(policy, 'outlierDetection', limits.outliers && outlierDetection(limits.outliers, policy['outlierDetection']));
  put(rule.spec, 'trafficPolicy', Object.keys(policy).length > 0 ? policy : undefined);
  return [rule];
}

function outlierDetection(of: NonNullable<CircuitBreaker['outliers']>, before: Record<string, unknown> = {}) {
  return {
    ...before,
    consecutive5xxErrors: of.consecutive5xxErrors,
    interval: durationOf(of.interval),
    baseEjectionTime: durationOf(of.baseEjectionTime),
    maxEjectionPercent: of.maxEjectionPercent,
  };
}

function setIn(pool: Record<string, any>, part: string, key: string, value: number | undefined): void {
  const inner = { ...pool[part] };
  put(inner, key, value);
  put(pool, part, Object.keys(inner).length > 0 ? inner : undefined);
}

export function presentBreaker({ destinationRule }: Existing): CircuitBreaker {
  const { connectionPool: pool, outlierDetection: found } = destinationRule?.spec['trafficPolicy'] ?? {};
  return {
    maxConnections: pool?.tcp?.maxConnections,
    maxPendingRequests: pool?.http?.http1MaxPendingRequests,
    maxRequests: pool?.http?.http2MaxRequests,
    outliers: found && {
      consecutive5xxErrors: found.consecutive5xxErrors ?? 5,
      interval: secondsOf(found.interval) ?? 10,
      baseEjectionTime: secondsOf(found.baseEjectionTime) ?? 30,
      maxEjectionPercent: found.maxEjectionPercent ?? 10,
    },
  };
}

/** What is wrong with limits, or undefined. */
export function breakerMistake({ outliers, ...limits }: CircuitBreaker, existing: Existing = {}): string | undefined {
  const isEmpty = !outliers && Object.values(limits).every((limit) => limit === undefined);
  if (isEmpty && !existing.destinationRule) return 'Set a limit; there is none to take away.';
  for (const limit of Object.values(limits))
    if (limit !== undefined && !(Number.isInteger(limit) && limit > 0)) return 'A limit is a whole number from 1.';
  if (!outliers) return undefined;
  if (!(Number.isInteger(outliers.consecutive5xxErrors) && outliers.consecutive5xxErrors > 0))
    return 'The number of errors is a whole number from 1.';
  if (!(outliers.interval > 0 && outliers.baseEjectionTime > 0)) return 'Times are more than 0 seconds.';
  if (!(outliers.maxEjectionPercent >= 0 && outliers.maxEjectionPercent <= 100))
    return 'A share is from 0 to 100 percent.';
  return undefined;
}
