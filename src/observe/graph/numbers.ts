/** Numbers as Kiali writes them: text, with as many decimals as mean something. */
import type { BuiltEdge, CodeSums } from './elements.ts';

/** Two decimals, up to five for small ones. */
export function rateText(rate: number): string {
  if (rate === 0) return '0.00';
  for (const decimals of [2, 3, 4]) {
    const text = rate.toFixed(decimals);
    if (Number(text) > 0) return text;
  }
  return rate.toFixed(5);
}

export const percentText = (part: number, whole: number): string =>
  whole > 0 ? ((100 * part) / whole).toFixed(1) : '0.0';

export interface CodeClasses {
  total: number;
  failed: number;
  noResponse: number;
  class3: number;
  class4: number;
  class5: number;
}

export function classesOf({ codes, protocol }: BuiltEdge): CodeClasses {
  const sums = { total: 0, failed: 0, noResponse: 0, class3: 0, class4: 0, class5: 0 };
  for (const [code, { rate }] of codes) {
    sums.total += rate;
    if (code === '-') sums.noResponse += rate;
    else if (protocol === 'grpc') {
      if (code !== '0' && code !== '200') sums.failed += rate;
    } else if (code.startsWith('3')) sums.class3 += rate;
    else if (code.startsWith('4')) sums.class4 += rate;
    else if (code.startsWith('5')) sums.class5 += rate;
  }
  if (protocol !== 'grpc') sums.failed = sums.class4 + sums.class5;
  return sums;
}

/** An edge's rates by Kiali's names. @param outgoing all that leaves the source by this protocol */
export function edgeRates(edge: BuiltEdge, outgoing: number): Record<string, string> {
  const { protocol } = edge;
  if (protocol === 'tcp') return { tcp: rateText(edge.rate) };
  const { total, failed, noResponse, class3, class4, class5 } = classesOf(edge);
  const rates: Record<string, string> = { [protocol]: rateText(total) };
  const put = (name: string, rate: number): void => {
    if (rate > 0) rates[`${protocol}${name}`] = rateText(rate);
  };
  if (protocol === 'http') {
    put('3xx', class3);
    put('4xx', class4);
    put('5xx', class5);
  } else put('Err', failed);
  put('NoResponse', noResponse);
  if (failed + noResponse > 0) rates[`${protocol}PercentErr`] = percentText(failed + noResponse, total);
  if (outgoing > 0) rates[`${protocol}PercentReq`] = percentText(total, outgoing);
  return rates;
}

export function responsesOf({
  codes,
  rate,
}: BuiltEdge): Record<string, { flags: Record<string, string>; hosts: Record<string, string> }> {
  const [only] = codes;
  if (codes.size === 1 && only![1].flags.size === 1 && only![1].hosts.size === 1) return wholeOf(only![0], only![1]);
  const share = (sums: Map<string, number>): Record<string, string> =>
    Object.fromEntries([...sums].map(([name, part]) => [name, percentText(part, rate)]));
  return Object.fromEntries(
    [...codes].map(([code, sums]) => [code || '-', { flags: share(sums.flags), hosts: share(sums.hosts) }]),
  );
}

const wholes = new Map<string, ReturnType<typeof responsesOf>>();
const keptWholes = 10_000;

/** One code, flag and host, as nearly always: the same object each time, since there are many edges. */
function wholeOf(code: string, { flags, hosts }: CodeSums): ReturnType<typeof responsesOf> {
  const [flag = ''] = flags.keys();
  const [host = ''] = hosts.keys();
  const key = `${code}|${flag}|${host}`;
  const known = wholes.get(key);
  if (known) return known;
  if (wholes.size >= keptWholes) wholes.clear();
  const made = { [code || '-']: { flags: { [flag]: '100.0' }, hosts: { [host]: '100.0' } } };
  wholes.set(key, made);
  return made;
}
