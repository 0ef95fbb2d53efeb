/** The end of all ways together: shares, one sentence, and everything that was out of order. */
import { percent } from './trace.ts';
import type { Branch, Deviation, DeviationSeverity, End, Explanation, Step } from './types.ts';

const ranks: Record<DeviationSeverity, number> = { error: 0, warning: 1, info: 2 };

/** Every end with the share of all requests that comes to it. */
export function endsOf(path: Branch, share = 1): { end: End; share: number }[] {
  if (path.branches.length === 0) return path.end ? [{ end: path.end, share }] : [];
  return path.branches.flatMap((one) => endsOf(one, share * one.share));
}

export function stepsOf(path: Branch): Step[] {
  return [...path.steps, ...path.branches.flatMap(stepsOf)];
}

export function conclude(path: Branch): Pick<Explanation, 'shares' | 'outcome' | 'summary' | 'deviations'> {
  const ends = endsOf(path);
  const shares = { reaches: 0, answered: 0, fails: 0, unknown: 0 };
  for (const { end, share } of ends) shares[end.result] += share;
  const whole = (Object.keys(shares) as End['result'][]).find((one) => shares[one] > 0.999);
  const outcome = whole ?? (shares.reaches > 0 ? 'partly' : shares.fails > 0 ? 'fails' : 'unknown');
  return { shares, outcome, summary: summaryOf(ends), deviations: deviationsOf(path) };
}

function summaryOf(ends: { end: End; share: number }[]): string {
  const texts = new Map<string, number>();
  for (const { end, share } of ends) {
    const status = end.status ? ` (${[end.status, end.flag].filter(Boolean).join(' ')})` : '';
    const what = {
      reaches: `reach ${end.text}`,
      answered: `are answered on the way: ${end.text}`,
      fails: `fail: ${end.text}${status}${end.retried ? ', and are tried again at another endpoint' : ''}`,
      unknown: `have an end that is not known: ${end.text}`,
    }[end.result];
    texts.set(what, (texts.get(what) ?? 0) + share);
  }
  const list = [...texts].sort(([, a], [, b]) => b - a).map(([text, share]) => `${percent(share)} ${text}`);
  return `${list.join('; ')}.`;
}

function deviationsOf(path: Branch): Deviation[] {
  const seen = new Map<string, Deviation>();
  for (const one of stepsOf(path).flatMap((each) => each.deviations)) seen.set(`${one.code} ${one.message}`, one);
  return [...seen.values()].sort((a, b) => ranks[a.severity] - ranks[b.severity]);
}
