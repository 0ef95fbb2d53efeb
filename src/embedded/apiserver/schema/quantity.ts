/** Quantities such as `500m` and `128Mi`, in the one form in which Kubernetes gives each back (resource.Quantity's CanonicalizeBytes). */

const decimal: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Record<string, number> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const pattern = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?$/;
/** Nothing smaller than a billionth is kept. */
const places = 9;

interface Quantity {
  /** In billionths. */
  nanos: bigint;
  form: 'binary' | 'decimal' | 'exponent';
}

function parse(value: unknown): Quantity | undefined {
  const match = typeof value === 'string' || typeof value === 'number' ? pattern.exec(String(value).trim()) : null;
  if (!match) return undefined;
  const [, sign, digits = '', suffix = '', exponent] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const power = exponent !== undefined ? Number(exponent) : (decimal[suffix] ?? 0);
  const shift = places + power - fraction.length;
  let amount = BigInt(whole + fraction || '0');
  const bits = binary[suffix];
  if (bits !== undefined) amount <<= BigInt(bits);
  const scale = 10n ** BigInt(Math.abs(shift));
  // What is finer than a billionth is rounded up.
  const nanos = shift >= 0 ? amount * scale : (amount + scale - 1n) / scale;
  const form = bits !== undefined ? 'binary' : exponent !== undefined ? 'exponent' : 'decimal';
  return { nanos: sign === '-' ? -nanos : nanos, form };
}

export const isQuantity = (value: unknown): boolean => parse(value) !== undefined;

/** Less than 0 where a is the smaller, 0 where they are the same amount. */
export function compareQuantities(a: unknown, b: unknown): number {
  const [one, other] = [parse(a)?.nanos ?? 0n, parse(b)?.nanos ?? 0n];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The same amount as Kubernetes writes it; what is no quantity is given back as it is. */
export function canonicalQuantity(value: unknown): unknown {
  const quantity = parse(value);
  if (!quantity) return value;
  const { nanos } = quantity;
  if (nanos === 0n) return '0';
  const unit = 10n ** BigInt(places);
  const isSmall = nanos > -1024n * unit && nanos < 1024n * unit;
  if (quantity.form === 'binary' && !isSmall && nanos % unit === 0n)
    return inSteps(nanos / unit, 1024n, Object.keys(binary));
  const suffixes = Object.keys(decimal);
  if (quantity.form !== 'exponent') return inSteps(nanos, 1000n, suffixes.slice(1), suffixes[0]);
  let [amount, power] = [nanos, -places];
  for (; amount % 1000n === 0n; amount /= 1000n) power += 3;
  return power === 0 ? `${amount}` : `${amount}e${power}`;
}

/** The smallest whole number, by as many steps as it can be divided. */
function inSteps(amount: bigint, step: bigint, suffixes: string[], first = ''): string {
  let suffix = first;
  for (const next of suffixes) {
    if (amount % step !== 0n) break;
    amount /= step;
    suffix = next;
  }
  return `${amount}${suffix}`;
}
