const units: Record<string, number> = { h: 3_600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/**
 * A duration as configuration writes it (Go's form: `1m30s`, `100ms`) in the one that protocol buffers have in JSON: seconds.
 * @returns undefined for what is none; its field is then left out, since one mistake must not end the streams of all proxies.
 */
export function seconds(written: unknown): string | undefined {
  const text = String(written ?? '');
  if (!/^(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)];
  const sum = parts.reduce((total, [, number, unit]) => total + Number(number) * (units[unit!] ?? 0), 0);
  return `${Number(sum.toFixed(9))}s`;
}
