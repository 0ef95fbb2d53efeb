/** How a Prometheus is set: how often it asks its targets, and how long it keeps what they said. */
import { parse } from 'yaml';

export interface PrometheusSettings {
  /** `global.scrape_interval` of its configuration, in seconds. */
  scrapeInterval?: number;
  /** Seconds; undefined where only size limits what is kept. */
  retention?: number;
}

/**
 * @param configuration YAML of /api/v1/status/config, in which Prometheus has written its own defaults
 * @param storageRetention that of /api/v1/status/runtimeinfo, as in `15d` or `6h or 10GiB`
 */
export function settingsOf(
  configuration: string | undefined,
  storageRetention: string | undefined,
): PrometheusSettings {
  const scrapeInterval = secondsOf(configurationOf(configuration)?.global?.scrape_interval);
  const retention = (storageRetention ?? '')
    .split(' or ')
    .map(secondsOf)
    .find((one) => one !== undefined);
  return { ...(scrapeInterval ? { scrapeInterval } : {}), ...(retention ? { retention } : {}) };
}

function configurationOf(text: string | undefined): any {
  try {
    return parse(text ?? '');
  } catch {
    return undefined;
  }
}

const units: Record<string, number> = { y: 31_536_000, w: 604_800, d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001 };

/** Prometheus' durations, as in 1h30m; undefined for what is none. */
function secondsOf(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^(\d+(ms|[ywdhms]))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)(ms|[ywdhms])/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * units[unit!]!,
    0,
  );
}
