/** Functions on strings: those of the language's string extension, and Kubernetes' find and findAll. */
import type { Environment } from '@marcbachmann/cel-js';

/** The language's own `matches`, which the evaluator has with JavaScript's notation and lets nobody replace. */
export const matchesName = 'matchesRe2';

const number = (value: unknown): number => Number(value);

export function registerStrings(environment: Environment): void {
  const add = (signature: string, handler: (...args: any[]) => unknown) =>
    environment.registerFunction(signature, handler);
  add(`string.${matchesName}(string): bool`, (text: string, pattern: string) => expressionOf(pattern).test(text));
  add('string.find(string): string', (text: string, pattern: string) => expressionOf(pattern).exec(text)?.[0] ?? '');
  add('string.findAll(string): list<string>', (text: string, pattern: string) => matchesOf(text, pattern));
  add('string.findAll(string, int): list<string>', (text: string, pattern: string, most: bigint) =>
    most < 0n ? matchesOf(text, pattern) : matchesOf(text, pattern).slice(0, number(most)),
  );
  add('string.charAt(int): string', (text: string, at: bigint) => [...text][number(at)] ?? '');
  add('string.replace(string, string): string', (text: string, from: string, to: string) => text.replaceAll(from, to));
  add('string.replace(string, string, int): string', (text: string, from: string, to: string, most: bigint) =>
    replaceSome(text, from, to, number(most)),
  );
  add('string.reverse(): string', (text: string) => [...text].reverse().join(''));
  add('string.format(list): string', (text: string, values: unknown[]) => format(text, values));
}

/** RE2's flags at the beginning are not JavaScript's. @throws SyntaxError for a pattern that cannot be read */
function expressionOf(pattern: string, more = ''): RegExp {
  const [, anchor = '', flags = '', rest = pattern] = /^(\^?)\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? [];
  // Escapes that mean the character itself are refused with flag u, which is needed for what is beyond the plane of 16 bits alone.
  try {
    return new RegExp(anchor + rest, `u${flags}${more}`);
  } catch {
    return new RegExp(anchor + rest, `${flags}${more}`);
  }
}

const matchesOf = (text: string, pattern: string): string[] =>
  [...text.matchAll(expressionOf(pattern, 'g'))].map(([match]) => match);

function replaceSome(text: string, from: string, to: string, most: number): string {
  if (most < 0) return text.replaceAll(from, to);
  const parts = text.split(from);
  const head = parts.slice(0, most + 1).join(to);
  return parts.length > most + 1 ? `${head}${from}${parts.slice(most + 1).join(from)}` : head;
}

/** %s, %d, %f, %e, %b, %o, %x and %X, with a precision. */
function format(text: string, values: unknown[]): string {
  let at = 0;
  return text.replace(
    /%%|%(?:\.(\d+))?([sdfebox])/gi,
    (_whole, precision: string | undefined, verb: string | undefined) => {
      if (verb === undefined) return '%';
      if (at >= values.length) throw new Error(`index ${at} out of range`);
      const value = values[at++];
      const digits = precision === undefined ? 6 : Number(precision);
      if (verb === 'f') return Number(value).toFixed(digits);
      if (verb === 'e') return Number(value).toExponential(digits);
      const radix = { b: 2, o: 8, x: 16, X: 16 }[verb];
      if (radix === undefined) return shown(value);
      const written =
        typeof value === 'string' ? Buffer.from(value).toString('hex') : BigInt(value as bigint).toString(radix);
      return verb === 'X' ? written.toUpperCase() : written;
    },
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  return String(value);
}
