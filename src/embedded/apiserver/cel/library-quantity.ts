/** Kubernetes' quantities: `quantity("1.5Gi").compareTo(quantity("2G"))`. Exact, as fractions of whole numbers. */
import type { Environment } from '@marcbachmann/cel-js';

/** Thousandths of thousandths of thousandths: n is the smallest suffix. */
const scale = 1_000_000_000n;
const decimal: Record<string, bigint> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  '': scale,
  k: scale * 1_000n,
  M: scale * 10n ** 6n,
  G: scale * 10n ** 9n,
  T: scale * 10n ** 12n,
  P: scale * 10n ** 15n,
  E: scale * 10n ** 18n,
};
const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

export class Quantity {
  /** In units of 10⁻⁹. */
  readonly amount: bigint;

  constructor(amount: bigint) {
    this.amount = amount;
  }
}

export function parseQuantity(text: string): Quantity | undefined {
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] =
    /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const unit = binary.includes(suffix) ? scale * 1024n ** BigInt(binary.indexOf(suffix) + 1) : decimal[suffix]!;
  const power = BigInt(exponent ?? 0);
  const digits = BigInt(whole + fraction) * unit * (power > 0n ? 10n ** power : 1n);
  const divisor = 10n ** BigInt(fraction.length) * (power < 0n ? 10n ** -power : 1n);
  // What is smaller than the smallest suffix is rounded up.
  const amount = (digits + divisor - 1n) / divisor;
  return new Quantity(sign === '-' ? -amount : amount);
}

function quantity(text: string): Quantity {
  const parsed = parseQuantity(text);
  if (!parsed)
    throw new Error(`quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`);
  return parsed;
}

export function registerQuantities(environment: Environment): void {
  environment.registerType('Quantity', { ctor: Quantity, fields: {} });
  const add = (signature: string, handler: (...args: any[]) => unknown) =>
    environment.registerFunction(signature, handler);
  const whole = (value: Quantity | bigint): bigint => (typeof value === 'bigint' ? value * scale : value.amount);
  add('quantity(string): Quantity', quantity);
  add('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined);
  add('Quantity.compareTo(Quantity): int', (a: Quantity, b: Quantity) =>
    a.amount < b.amount ? -1n : a.amount > b.amount ? 1n : 0n,
  );
  add('Quantity.isGreaterThan(Quantity): bool', (a: Quantity, b: Quantity) => a.amount > b.amount);
  add('Quantity.isLessThan(Quantity): bool', (a: Quantity, b: Quantity) => a.amount < b.amount);
  add('Quantity.sign(): int', ({ amount }: Quantity) => (amount < 0n ? -1n : amount > 0n ? 1n : 0n));
  add('Quantity.isInteger(): bool', ({ amount }: Quantity) => amount % scale === 0n);
  add('Quantity.asInteger(): int', ({ amount }: Quantity) => {
    if (amount % scale !== 0n) throw new Error('cannot convert value to integer');
    return amount / scale;
  });
  add('Quantity.asApproximateFloat(): double', ({ amount }: Quantity) => Number(amount) / Number(scale));
  for (const other of ['Quantity', 'int']) {
    add(`Quantity.add(${other}): Quantity`, (a: Quantity, b: Quantity | bigint) => new Quantity(a.amount + whole(b)));
    add(`Quantity.sub(${other}): Quantity`, (a: Quantity, b: Quantity | bigint) => new Quantity(a.amount - whole(b)));
  }
}
