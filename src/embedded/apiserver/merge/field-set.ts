/**
 * Which fields somebody owns, as a tree of path elements in the notation of managedFields (FieldsV1): `f:` a field, `k:` an item of an
 * associative list by its key, `v:` an item of a set by its value. The model is that of Kubernetes' structured-merge-diff.
 */
import type { TypeSchema } from '../schema/type-schema.ts';

export interface FieldSet {
  /** The path itself belongs to the set, not only something below it. */
  own: boolean;
  children: Map<string, FieldSet>;
}

export const emptySet = (): FieldSet => ({ own: false, children: new Map() });
const leaf = (): FieldSet => ({ own: true, children: new Map() });

export const isEmpty = (set: FieldSet): boolean => !set.own && set.children.size === 0;

/** All leaves of a value. Items of associative lists are owned as such beside their fields. */
export function fieldsOf(value: unknown, schema: TypeSchema | undefined): FieldSet {
  if (Array.isArray(value)) {
    if (!schema || schema.listType === 'atomic') return leaf();
    const set = emptySet();
    for (const item of value) {
      if (schema.listType === 'set') set.children.set(valueElement(item), leaf());
      else set.children.set(keyElement(schema.itemKey(item)), { ...fieldsOf(item, schema.items()), own: true });
    }
    return set.children.size === 0 ? leaf() : set;
  }
  if (value === null || typeof value !== 'object' || schema?.isAtomicMap) return leaf();
  const set = emptySet();
  for (const [name, child] of Object.entries(value)) {
    if (child !== undefined) set.children.set(fieldElement(name), fieldsOf(child, schema?.field(name)));
  }
  return set.children.size === 0 ? leaf() : set;
}

/** All of a value that was not there before: each field, list and item that came with it is owned as such. */
export function allOf(value: unknown, schema: TypeSchema | undefined): FieldSet {
  const owned = (set: FieldSet): FieldSet => ({
    own: true,
    children: new Map([...set.children].map(([element, child]) => [element, owned(child)])),
  });
  return owned(fieldsOf(value, schema));
}

export const fieldElement = (name: string): string => `f:${name}`;
export const keyElement = (key: Record<string, unknown>): string => `k:${JSON.stringify(key)}`;
export const valueElement = (value: unknown): string => `v:${JSON.stringify(value)}`;

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map(a.children);
  for (const [element, child] of b.children) {
    const known = children.get(element);
    children.set(element, known ? union(known, child) : child);
  }
  return { own: a.own || b.own, children };
}

/** What is in a and not in b. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    const rest = other ? difference(child, other) : child;
    if (!isEmpty(rest)) children.set(element, rest);
  }
  return { own: a.own && !b.own, children };
}

/** a without what is in b or below anything in b. */
export function withoutBelow(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other?.own) continue;
    const rest = other ? withoutBelow(child, other) : child;
    if (!isEmpty(rest)) children.set(element, rest);
  }
  return { own: a.own && !b.own, children };
}

export function isEqual(a: FieldSet, b: FieldSet): boolean {
  if (a.own !== b.own || a.children.size !== b.children.size) return false;
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (!other || !isEqual(child, other)) return false;
  }
  return true;
}

/** Every path that belongs to the set itself. */
export function* paths(set: FieldSet, prefix: string[] = []): Generator<string[]> {
  if (set.own) yield prefix;
  for (const [element, child] of set.children) yield* paths(child, [...prefix, element]);
}

export function has(set: FieldSet, path: readonly string[]): boolean {
  let at: FieldSet | undefined = set;
  for (const element of path) at = at?.children.get(element);
  return at?.own ?? false;
}

/** Whether the set holds the path or anything below it. */
export function touches(set: FieldSet, path: readonly string[]): boolean {
  let at: FieldSet | undefined = set;
  for (const element of path) at = at?.children.get(element);
  return at !== undefined;
}

export function toFieldsV1(set: FieldSet): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const element of [...set.children.keys()].sort()) {
    const child = set.children.get(element)!;
    result[element] = child.own && child.children.size > 0 ? { '.': {}, ...toFieldsV1(child) } : toFieldsV1(child);
  }
  return result;
}

export function fromFieldsV1(fields: Record<string, any> | undefined): FieldSet {
  const set = emptySet();
  for (const [element, below] of Object.entries(fields ?? {})) {
    if (element === '.') set.own = true;
    else {
      const child = fromFieldsV1(below);
      set.children.set(element, Object.keys(below ?? {}).length === 0 ? leaf() : child);
    }
  }
  return set;
}

/** A path as Kubernetes writes it in conflicts: `.spec.containers[name="a"].image`. */
export function pathText(path: readonly string[]): string {
  return path
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      const key = Object.entries(JSON.parse(rest)).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      return `[${key.join(',')}]`;
    })
    .join('');
}
