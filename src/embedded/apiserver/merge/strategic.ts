/** Strategic merge patch: like a merge patch, but lists are merged by the key or as the set that their schema says, and directives order. */
import type { TypeSchema } from '../schema/type-schema.ts';
import { isSame } from './values.ts';

const setOrder = '$setElementOrder/';
const deletePrimitive = '$deleteFromPrimitiveList/';
const retainKeys = '$retainKeys';

/** @throws Error worded as Kubernetes does, for a patch that cannot be applied. */
export function strategicMerge(current: any, patch: any, schema: TypeSchema | undefined): any {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  if (patch.$patch === 'delete') return {};
  const base = current !== null && typeof current === 'object' && !Array.isArray(current) ? current : {};
  let result: Record<string, any> = { ...base };
  if (Array.isArray(patch[retainKeys])) {
    const retained = new Set(patch[retainKeys]);
    result = Object.fromEntries(Object.entries(result).filter(([name]) => retained.has(name)));
  }
  for (const [name, value] of Object.entries<any>(patch)) {
    if (name === '$patch' || name === retainKeys || name.startsWith(setOrder)) continue;
    if (name.startsWith(deletePrimitive)) {
      const field = name.slice(deletePrimitive.length);
      result[field] = (result[field] ?? []).filter(
        (item: unknown) => !value.some((gone: unknown) => isSame(gone, item)),
      );
      continue;
    }
    const child = schema?.field(name);
    if (value === null) delete result[name];
    else if (Array.isArray(value)) result[name] = mergeList(result[name], value, child, patch[setOrder + name]);
    else if (typeof value === 'object') result[name] = strategicMerge(result[name], value, child);
    else result[name] = value;
  }
  // An order that is stated for a list that the patch leaves alone otherwise.
  for (const [name, order] of Object.entries<any>(patch)) {
    if (!name.startsWith(setOrder)) continue;
    const field = name.slice(setOrder.length);
    if (!(field in patch) && Array.isArray(result[field]))
      result[field] = inOrder(result[field], result[field], order, schema?.field(field));
  }
  return result;
}

function mergeList(current: any, patch: any[], schema: TypeSchema | undefined, order: any[] | undefined): any[] {
  const existing: any[] = Array.isArray(current) ? current : [];
  if (patch.some((item) => item?.$patch === 'replace'))
    return patch.filter((item) => item?.$patch !== 'replace').map(withoutDirectives);
  if (!schema?.patchStrategies.includes('merge')) return patch;
  const key = schema.patchMergeKey;
  if (key === undefined || patch.some((item) => item === null || typeof item !== 'object')) {
    const added = patch.filter((item) => !existing.some((known) => isSame(known, item)));
    return inOrder([...existing, ...added], existing, order ?? patch, schema);
  }
  let result = [...existing];
  for (const item of patch) {
    if (item[key] === undefined)
      throw new Error(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const at = result.findIndex((known) => isSame(known?.[key], item[key]));
    if (item.$patch === 'delete') result = result.filter((known) => !isSame(known?.[key], item[key]));
    else if (at === -1) result.push(withoutDirectives(item));
    else if (item.$patch === 'replace') result[at] = withoutDirectives(item);
    else result[at] = strategicMerge(result[at], item, schema.items());
  }
  return inOrder(result, existing, order ?? patch, schema);
}

/**
 * Items that the order names stand in that order, before those of the others that did not stand before them (Kubernetes'
 * normalizeElementOrder): what is new comes first.
 */
function inOrder(list: any[], before: any[], order: any[], schema: TypeSchema | undefined): any[] {
  const key = schema?.patchMergeKey;
  const identity = (item: any) => (key !== undefined && item !== null && typeof item === 'object' ? item[key] : item);
  const position = (items: any[], item: any) => items.findIndex((one) => isSame(identity(one), identity(item)));
  const named = list
    .filter((item) => position(order, item) !== -1)
    .sort((a, b) => position(order, a) - position(order, b));
  const others = list.filter((item) => position(order, item) === -1);
  const result: any[] = [];
  for (const item of named) {
    const place = position(before, item);
    while (place !== -1 && others.length > 0 && position(before, others[0]) < place) result.push(others.shift());
    result.push(item);
  }
  return [...result, ...others];
}

function withoutDirectives(value: any): any {
  if (Array.isArray(value)) return value.filter((item) => item?.$patch !== 'delete').map(withoutDirectives);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, child]) => !name.startsWith('$') && child !== null)
      .map(([name, child]) => [name, withoutDirectives(child)]),
  );
}
