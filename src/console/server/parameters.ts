/** Query parameters as the API and Kiali write them. */
import { badRequest } from './http.ts';

const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
const longest = 24 * 3600;

/** `90s`, `10m`, `1h30m`, or plain seconds; at most a day. */
export function durationOf(query: URLSearchParams, fallback = 600): number {
  // Kiali's name for it, where it asks for health.
  const text = query.get('duration') ?? query.get('rateInterval');
  if (!text) return fallback;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)];
  const seconds = /^\d+$/.test(text)
    ? Number(text)
    : parts.map(([whole]) => whole).join('') === text
      ? parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0)
      : Number.NaN;
  if (!(seconds > 0 && seconds <= longest))
    throw badRequest(`duration=${text} is not a time between 1s and 24h`, 'write it as 30s, 10m or 1h');
  return seconds;
}

/** Seconds since 1970. */
export function timeOf(query: URLSearchParams, name = 'queryTime'): number | undefined {
  const text = query.get(name);
  if (!text) return undefined;
  const time = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  if (!Number.isFinite(time)) throw badRequest(`${name}=${text} is not a time`, 'write it in seconds since 1970');
  return time > 1e11 ? time / 1000 : time;
}

export function numberOf(query: URLSearchParams, name: string, fallback: number, range: [number, number]): number {
  const text = query.get(name);
  if (text === null || text === '') return fallback;
  const number = Number(text);
  if (!(number >= range[0] && number <= range[1]))
    throw badRequest(`${name}=${text} is not a number from ${range[0]} to ${range[1]}`);
  return number;
}

export function listOf(query: URLSearchParams, ...names: string[]): string[] | undefined {
  const all = names
    .flatMap((name) => query.getAll(name))
    .flatMap((one) => one.split(','))
    .map((one) => one.trim())
    .filter(Boolean);
  return all.length > 0 ? all : undefined;
}

export function choiceOf<const T extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly T[],
  fallback: T,
): T {
  const text = query.get(name);
  if (!text) return fallback;
  const found = choices.find((one) => one.toLowerCase() === text.toLowerCase());
  if (!found) throw badRequest(`${name}=${text} is not known`, `it is one of ${choices.join(', ')}`);
  return found;
}

export const isTrue = (query: URLSearchParams, name: string, fallback = false): boolean => {
  const text = query.get(name);
  return text === null || text === '' ? fallback : text === 'true' || text === '1';
};
