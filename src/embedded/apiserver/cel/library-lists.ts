/** Functions on lists and sets: Kubernetes' list library, and the language's extensions for sets and mathematics. */
import type { Environment } from '@marcbachmann/cel-js';

type List = any[];

const less = (a: any, b: any): boolean => a < b;
const same = (a: any, b: any): boolean => a === b || text(a) === text(b);
const text = (value: unknown): string =>
  JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? { whole: String(one) } : one)) ?? 'undefined';

function extreme(list: List, isBetter: (a: any, b: any) => boolean, name: string): any {
  if (list.length === 0) throw new Error(`${name} called on empty list`);
  return list.reduce((best, one) => (isBetter(one, best) ? one : best));
}

const contains = (list: List, wanted: List): boolean => wanted.every((one) => list.some((other) => same(one, other)));

export function registerLists(environment: Environment): void {
  const add = (signature: string, handler: (...args: any[]) => unknown) =>
    environment.registerFunction(signature, handler);
  add('list.sum(): dyn', (list: List) => list.reduce((sum, one) => sum + one, typeof list[0] === 'number' ? 0 : 0n));
  add('list.min(): dyn', (list: List) => extreme(list, less, 'min'));
  add('list.max(): dyn', (list: List) => extreme(list, (a, b) => less(b, a), 'max'));
  add('list.isSorted(): bool', (list: List) => list.every((one, index) => index === 0 || !less(one, list[index - 1])));
  add('list.indexOf(dyn): int', (list: List, wanted: unknown) => BigInt(list.findIndex((one) => same(one, wanted))));
  add('list.lastIndexOf(dyn): int', (list: List, wanted: unknown) =>
    BigInt(list.findLastIndex((one) => same(one, wanted))),
  );
  add('list.slice(int, int): list', (list: List, from: bigint, to: bigint) => list.slice(Number(from), Number(to)));
  add('list.flatten(): list', (list: List) => list.flat(1));
  add('list.reverse(): list', (list: List) => [...list].reverse());
  add('list.sort(): list', (list: List) => [...list].sort((a, b) => (less(a, b) ? -1 : less(b, a) ? 1 : 0)));
  add('list.distinct(): list', (list: List) =>
    list.filter((one, index) => list.findIndex((other) => same(one, other)) === index),
  );
  registerNamespace(environment, 'sets', {
    'contains(list, list): bool': contains,
    'equivalent(list, list): bool': (a: List, b: List) => contains(a, b) && contains(b, a),
    'intersects(list, list): bool': (a: List, b: List) => a.some((one) => contains(b, [one])),
  });
  registerNamespace(environment, 'math', {
    'greatest(dyn): dyn': (list: List) => extreme([list].flat(), (a, b) => less(b, a), 'greatest'),
    'greatest(dyn, dyn): dyn': (a: any, b: any) => (less(a, b) ? b : a),
    'greatest(dyn, dyn, dyn): dyn': (...all: List) => extreme(all, (a, b) => less(b, a), 'greatest'),
    'least(dyn): dyn': (list: List) => extreme([list].flat(), less, 'least'),
    'least(dyn, dyn): dyn': (a: any, b: any) => (less(b, a) ? b : a),
    'least(dyn, dyn, dyn): dyn': (...all: List) => extreme(all, less, 'least'),
    'abs(dyn): dyn': (value: any) => (value < 0 ? -value : value),
    'ceil(double): double': Math.ceil,
    'floor(double): double': Math.floor,
    'round(double): double': Math.round,
  });
}

/** Functions that are called with a name before a dot: a constant of a type of its own has them as methods. */
function registerNamespace(
  environment: Environment,
  name: string,
  functions: Record<string, (...args: any[]) => unknown>,
): void {
  class Namespace {}
  const type = `isthmus.${name}`;
  environment.registerType(type, { ctor: Namespace, fields: {} });
  environment.registerConstant(name, type, new Namespace());
  for (const [signature, handler] of Object.entries(functions))
    environment.registerFunction(`${type}.${signature}`, (_: unknown, ...args: any[]) => handler(...args));
}
