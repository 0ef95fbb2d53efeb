/** Kiali's default rules of health, and its annotation for others. */
import type { HealthStatus, RequestRates } from '../types/index.ts';

export interface Tolerance {
  /** Of codes, as a whole. */
  code: RegExp;
  protocol: RegExp;
  direction: RegExp;
  /** Percent of the requests of a protocol; 0 is any at all. */
  degraded: number;
  failure: number;
}

export const defaultTolerances: Tolerance[] = [
  { code: /^5\d\d$/, protocol: /^http$/, direction: /./, degraded: 0, failure: 10 },
  { code: /^4\d\d$/, protocol: /^http$/, direction: /./, degraded: 10, failure: 20 },
  { code: /^([1-9]|1[0-6])$/, protocol: /^grpc$/, direction: /./, degraded: 0, failure: 10 },
  { code: /^-$/, protocol: /^(http|grpc)$/, direction: /./, degraded: 0, failure: 10 },
];

export const healthAnnotation = 'health.kiali.io/rate';

/** `code,degraded,failure,protocol,direction` joined by `;`, where X stands for any digit. What cannot be read is left out. */
export function tolerancesOf(annotation: string | undefined): Tolerance[] {
  if (!annotation) return defaultTolerances;
  const read = annotation.split(';').flatMap((text): Tolerance[] => {
    const [code = '', degraded, failure, protocol = '', direction = ''] = text.split(',').map((one) => one.trim());
    try {
      const one = {
        code: new RegExp(`^(${code.replace(/[xX]/g, '\\d')})$`),
        protocol: new RegExp(protocol || '.'),
        direction: new RegExp(direction || '.'),
        degraded: Number(degraded),
        failure: Number(failure),
      };
      return code && Number.isFinite(one.degraded) && Number.isFinite(one.failure) ? [one] : [];
    } catch {
      return [];
    }
  });
  return read.length > 0 ? read : defaultTolerances;
}

const order: HealthStatus[] = ['NA', 'Healthy', 'Not Ready', 'Degraded', 'Failure'];

/** The whole is as well as its worst part. */
export function worst(statuses: Iterable<HealthStatus>): HealthStatus {
  let found = 0;
  for (const one of statuses) found = Math.max(found, order.indexOf(one));
  return order[found]!;
}

export interface Verdict {
  status: HealthStatus;
  reasons: string[];
}

/** Judges the requests of one direction. */
export function judgeRequests(
  rates: RequestRates,
  direction: 'inbound' | 'outbound',
  tolerances: Tolerance[] = defaultTolerances,
): Verdict {
  if (tolerances === defaultTolerances && isAllWell(rates)) return hasRequests(rates) ? healthy : notAvailable;
  let status: HealthStatus = 'NA';
  const reasons: string[] = [];
  for (const [protocol, codes] of Object.entries(rates)) {
    const total = Object.values(codes).reduce((sum, rate) => sum + rate, 0);
    if (total <= 0) continue;
    if (protocol !== 'tcp') status = worst([status, 'Healthy']);
    for (const { code, protocol: of, direction: way, degraded, failure } of tolerances) {
      if (!of.test(protocol) || !way.test(direction)) continue;
      const hit = Object.entries(codes).filter(([one]) => code.test(one));
      const percent = (100 * hit.reduce((sum, [, rate]) => sum + rate, 0)) / total;
      if (percent <= 0) continue;
      const verdict: HealthStatus =
        percent >= failure ? 'Failure' : percent >= degraded || degraded === 0 ? 'Degraded' : 'Healthy';
      if (verdict === 'Healthy') continue;
      status = worst([status, verdict]);
      const names = hit.map(([one]) => (one === '-' ? 'no response' : one)).join(', ');
      reasons.push(`${percent.toFixed(1)} % of ${direction} ${protocol} requests ended with ${names}`);
    }
  }
  return { status, reasons };
}

const healthy: Verdict = { status: 'Healthy', reasons: [] };
const notAvailable: Verdict = { status: 'NA', reasons: [] };

/** Whether there is nothing but success, as nearly always: then no default rule has to be tried. */
function isAllWell(rates: RequestRates): boolean {
  for (const protocol in rates) {
    if (protocol === 'tcp') continue;
    for (const code in rates[protocol]) if (!isSuccess(protocol, code)) return false;
  }
  return true;
}

function hasRequests(rates: RequestRates): boolean {
  for (const protocol in rates)
    if (protocol !== 'tcp') for (const code in rates[protocol]) if (rates[protocol]![code]! > 0) return true;
  return false;
}

/** Codes that no default rule is about. */
export const isSuccess = (protocol: string, code: string): boolean =>
  code === '200' || code === '0' || (protocol !== 'grpc' && code >= '100' && code < '400');
