import {
  durationMistakes,
  type Existing,
  hostOf,
  networking,
  rangeMistakes,
  resultOf,
  type WizardResult,
  type WizardService,
  written,
} from './wizard.ts';

/** What clients' proxies do with connections to a service. What is left out stays; `null` is taken away. */
export interface TrafficPolicy {
  service: WizardService;
  circuitBreaker?: {
    maxConnections?: number;
    connectTimeout?: string;
    http1MaxPendingRequests?: number;
    http2MaxRequests?: number;
    maxRequestsPerConnection?: number;
    maxRetries?: number;
  } | null;
  /** Hosts that fail are left out for a while. */
  outlierDetection?: {
    consecutive5xxErrors: number;
    interval?: string;
    baseEjectionTime?: string;
    maxEjectionPercent?: number;
  } | null;
  loadBalancer?: 'ROUND_ROBIN' | 'LEAST_REQUEST' | 'RANDOM' | 'PASSTHROUGH' | null;
  /** TLS that clients speak to the service. ISTIO_MUTUAL is what automatic mutual TLS does as well. */
  tls?: 'DISABLE' | 'SIMPLE' | 'ISTIO_MUTUAL' | null;
  existing?: Existing;
}

const http = ['http1MaxPendingRequests', 'http2MaxRequests', 'maxRequestsPerConnection', 'maxRetries'] as const;

export function trafficPolicy(input: TrafficPolicy): WizardResult {
  const { service, circuitBreaker: breaker, outlierDetection: outlier, loadBalancer, tls, existing = {} } = input;
  const mistakes = [
    ...rangeMistakes('circuitBreaker.maxConnections', breaker?.maxConnections, [1, 2 ** 31 - 1]),
    ...http.flatMap((one) => rangeMistakes(`circuitBreaker.${one}`, breaker?.[one], [0, 2 ** 31 - 1])),
    ...durationMistakes('circuitBreaker.connectTimeout', breaker?.connectTimeout),
    ...rangeMistakes('outlierDetection.consecutive5xxErrors', outlier?.consecutive5xxErrors, [0, 2 ** 32 - 1]),
    ...rangeMistakes('outlierDetection.maxEjectionPercent', outlier?.maxEjectionPercent, [0, 100]),
    ...durationMistakes('outlierDetection.interval', outlier?.interval),
    ...durationMistakes('outlierDetection.baseEjectionTime', outlier?.baseEjectionTime),
  ];
  return resultOf(mistakes, () => {
    const rule = existing.destinationRule;
    const wanted: Record<string, unknown> = {
      connectionPool: breaker && poolOf(breaker),
      outlierDetection: outlier,
      loadBalancer: loadBalancer && { simple: loadBalancer },
      tls: tls && { mode: tls },
    };
    const before: Record<string, unknown> = rule?.spec['trafficPolicy'] ?? {};
    const policy = { ...before };
    for (const [field, value] of Object.entries(wanted)) {
      if (value === null) delete policy[field];
      else if (value !== undefined) policy[field] = value;
    }
    const { trafficPolicy: _, ...rest } = rule?.spec ?? {};
    const spec = {
      host: hostOf(service),
      ...rest,
      ...(Object.keys(policy).length > 0 ? { trafficPolicy: policy } : {}),
    };
    return [
      written(rule, { apiVersion: networking, kind: 'DestinationRule', ...service, wizard: 'traffic-policy' }, spec),
    ];
  });
}

function poolOf(breaker: NonNullable<TrafficPolicy['circuitBreaker']>): object {
  const { maxConnections, connectTimeout } = breaker;
  const tcp = {
    ...(maxConnections === undefined ? {} : { maxConnections }),
    ...(connectTimeout === undefined ? {} : { connectTimeout }),
  };
  const requests = Object.fromEntries(
    http.filter((one) => breaker[one] !== undefined).map((one) => [one, breaker[one]]),
  );
  return {
    ...(Object.keys(tcp).length > 0 ? { tcp } : {}),
    ...(Object.keys(requests).length > 0 ? { http: requests } : {}),
  };
}
