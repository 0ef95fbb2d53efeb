const seconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a duration as Prometheus and Go write it, with one unit; undefined for other text. */
export function secondsOf(duration: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration);
  return match ? Number(match[1]) * seconds[match[2]!]! : undefined;
}
