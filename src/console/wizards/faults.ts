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

export interface Faults {
  /** Percent of requests that wait before they are sent, and how long, in seconds. */
  delay?: { percent: number; seconds: number };
  /** Percent of requests that are answered with a status instead of being sent. */
  abort?: { percent: number; status: number };
}

/** Faults on all HTTP routes of the service; without any, those that are there are taken away. */
export function faultInjection(service: ServiceKey, { delay, abort }: Faults, existing: Existing = {}): ConfigObject[] {
  const virtualService = virtualServiceOf(service, existing.virtualService);
  const fault = {
    ...(delay ? { delay: { percentage: { value: delay.percent }, fixedDelay: durationOf(delay.seconds) } } : {}),
    ...(abort ? { abort: { percentage: { value: abort.percent }, httpStatus: abort.status } } : {}),
  };
  for (const route of httpRoutes(service, virtualService))
    put(route, 'fault', delay || abort ? structuredClone(fault) : undefined);
  return [virtualService];
}

/** The faults of the first route that has some. */
export function presentFaults({ virtualService }: Existing): Faults {
  const routes: Record<string, any>[] = virtualService?.spec['http'] ?? [];
  const fault = routes.find((route) => route['fault'])?.['fault'];
  const seconds = secondsOf(fault?.delay?.fixedDelay);
  return {
    ...(seconds === undefined ? {} : { delay: { percent: fault.delay.percentage?.value ?? 100, seconds } }),
    ...(typeof fault?.abort?.httpStatus === 'number'
      ? { abort: { percent: fault.abort.percentage?.value ?? 100, status: fault.abort.httpStatus } }
      : {}),
  };
}

/** What is wrong with faults, or undefined. */
export function faultsMistake({ delay, abort }: Faults, existing: Existing = {}): string | undefined {
  if (!delay && !abort && !existing.virtualService) return 'Choose a fault; there is none to take away.';
  for (const percent of [delay?.percent, abort?.percent])
    if (percent !== undefined && !(percent > 0 && percent <= 100))
      return 'A share is more than 0 and at most 100 percent.';
  if (delay && !(delay.seconds >= 0.001)) return 'A delay is at least one millisecond.';
  if (abort && !(Number.isInteger(abort.status) && abort.status >= 200 && abort.status <= 599))
    return 'A status is a whole number from 200 to 599.';
  return undefined;
}
