import {
  type ConfigObject,
  durationOf,
  type Existing,
  httpRoutes,
  put,
  type ServiceKey,
  secondsOf,
  virtualServiceOf,
} from './objects.ts';

export interface Timeouts {
  /** Seconds until a request, with all its attempts, is given up. */
  timeout?: number;
  /** `attempts` beside the first; 0 turns off what Istio does by itself (two more). */
  retries?: { attempts: number; perTryTimeout?: number; retryOn: string };
}

/** What Istio retries on when nothing else is written. */
export const defaultRetryOn = 'connect-failure,refused-stream,unavailable,cancelled';

/** Timeout and retries on all HTTP routes of the service; what is left out is taken away, so that Istio's own hold. */
export function requestTimeouts(
  service: ServiceKey,
  { timeout, retries }: Timeouts,
  existing: Existing = {},
): ConfigObject[] {
  const virtualService = virtualServiceOf(service, existing.virtualService);
  for (const route of httpRoutes(service, virtualService)) {
    put(route, 'timeout', timeout === undefined ? undefined : durationOf(timeout));
    put(route, 'retries', retries && retriesOf(retries));
  }
  return [virtualService];
}

function retriesOf({ attempts, perTryTimeout, retryOn }: NonNullable<Timeouts['retries']>) {
  if (attempts === 0) return { attempts };
  return {
    attempts,
    ...(perTryTimeout === undefined ? {} : { perTryTimeout: durationOf(perTryTimeout) }),
    ...(retryOn === '' ? {} : { retryOn }),
  };
}

export function presentTimeouts({ virtualService }: Existing): Timeouts {
  const route: Record<string, any> = virtualService?.spec['http']?.[0] ?? {};
  const timeout = secondsOf(route['timeout']);
  const perTryTimeout = secondsOf(route['retries']?.perTryTimeout);
  const attempts = route['retries']?.attempts;
  return {
    ...(timeout === undefined ? {} : { timeout }),
    ...(typeof attempts === 'number'
      ? {
          retries: {
            attempts,
            ...(perTryTimeout === undefined ? {} : { perTryTimeout }),
            retryOn: route['retries'].retryOn ?? '',
          },
        }
      : {}),
  };
}

/** What is wrong with them, or undefined. */
export function timeoutsMistake({ timeout, retries }: Timeouts, existing: Existing = {}): string | undefined {
  if (timeout === undefined && !retries && !existing.virtualService)
    return 'Choose a timeout or retries; there is nothing to take away.';
  if (timeout !== undefined && !(timeout >= 0.001)) return 'A timeout is at least one millisecond.';
  if (!retries) return undefined;
  if (!Number.isInteger(retries.attempts) || retries.attempts < 0) return 'Attempts are a whole number from 0.';
  const { perTryTimeout } = retries;
  if (perTryTimeout !== undefined && !(perTryTimeout >= 0.001))
    return 'The timeout of a try is at least one millisecond.';
  if (timeout !== undefined && perTryTimeout !== undefined && perTryTimeout > timeout)
    return 'The timeout of a try is longer than that of the request, so there would be no second try.';
  return undefined;
}
