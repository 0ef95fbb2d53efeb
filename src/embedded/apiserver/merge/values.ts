/** Reading and changing objects along paths of field sets. */
import type { TypeSchema } from '../schema/type-schema.ts';
import { keyElement, valueElement } from './field-set.ts';

/** The value at a path, or undefined. */
export function valueAt(value: any, path: readonly string[], schema: TypeSchema | undefined): unknown {
  let at = value;
  let type = schema;
  for (const element of path) {
    if (at === null || at === undefined) return undefined;
    if (element.startsWith('f:')) {
      at = at[element.slice(2)];
      type = type?.field(element.slice(2));
    } else {
      if (!Array.isArray(at)) return undefined;
      const list = type;
      at = at.find((item) => itemElement(item, list) === element);
      type = list?.items();
    }
  }
  return at;
}

export function itemElement(item: unknown, list: TypeSchema | undefined): string {
  return list?.listType === 'map' ? keyElement(list.itemKey(item)) : valueElement(item);
}

/** Lays an applied value over a live one. Lists that are associative are merged by key, in the order that the applied one states. */
export function overlay(live: any, applied: any, schema: TypeSchema | undefined): any {
  if (applied === undefined) return live;
  if (live === undefined || live === null || applied === null) return applied;
  if (Array.isArray(applied)) {
    if (!Array.isArray(live) || !schema || schema.listType === 'atomic') return applied;
    const byElement = new Map(live.map((item) => [itemElement(item, schema), item]));
    const result: unknown[] = [];
    for (const item of applied) {
      const element = itemElement(item, schema);
      result.push(byElement.has(element) ? overlay(byElement.get(element), item, schema.items()) : item);
      byElement.delete(element);
    }
    // What only the live list has stays where it stood, as far as the applied order leaves room: at the end.
    const kept = [...byElement.values()];
    return live.length > 0 && kept.length > 0 ? inLiveOrder(live, result, kept, schema) : [...result, ...kept];
  }
  if (typeof applied === 'object' && typeof live === 'object' && !Array.isArray(live) && !schema?.isAtomicMap) {
    const result: Record<string, unknown> = { ...live };
    for (const [name, value] of Object.entries(applied)) result[name] = overlay(live[name], value, schema?.field(name));
    return result;
  }
  return applied;
}

/** Keeps the live order of items that both have when the applied list does not contradict it. */
function inLiveOrder(live: unknown[], merged: unknown[], kept: unknown[], schema: TypeSchema): unknown[] {
  const position = new Map(live.map((item, index) => [itemElement(item, schema), index]));
  const known = merged.map((item) => position.get(itemElement(item, schema))).filter((index) => index !== undefined);
  const ordered = known.every((index, at) => at === 0 || known[at - 1]! < index);
  if (!ordered) return [...merged, ...kept];
  const all = [...merged, ...kept];
  const rank = (item: unknown) => position.get(itemElement(item, schema)) ?? Number.MAX_SAFE_INTEGER;
  return all.sort((a, b) => rank(a) - rank(b));
}

/** A copy without the value at a path. Containers that become empty by it go too, as they would not be written in Go. */
export function removeAt(value: any, path: readonly string[], schema: TypeSchema | undefined): any {
  const [element, ...rest] = path;
  if (element === undefined || value === null || value === undefined) return undefined;
  if (element.startsWith('f:')) {
    const name = element.slice(2);
    if (!(name in value)) return value;
    const child = rest.length === 0 ? undefined : removeAt(value[name], rest, schema?.field(name));
    const copy = { ...value };
    if (child === undefined || isHollow(child)) delete copy[name];
    else copy[name] = child;
    return copy;
  }
  if (!Array.isArray(value)) return value;
  return value.flatMap((item) => {
    if (itemElement(item, schema) !== element) return [item];
    if (rest.length === 0) return [];
    const child = removeAt(item, rest, schema?.items());
    return child === undefined ? [] : [child];
  });
}

const isHollow = (value: unknown): boolean =>
  value !== null &&
  typeof value === 'object' &&
  (Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0);

/** Deep equality of JSON values; a field that is undefined is not there. */
export function isSame(a: any, b: any): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a)) return a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const name of names) if (!isSame(a[name], b[name])) return false;
  return true;
}
