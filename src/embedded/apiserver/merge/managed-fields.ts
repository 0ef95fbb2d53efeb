/** Server-side apply and the tracking of other writes: who owns which field, in metadata.managedFields. */
import type { KubeObject, ManagedFieldsEntry } from '../../../kube/index.ts';
import type { TypeSchema } from '../schema/type-schema.ts';
import {
  allOf,
  difference,
  emptySet,
  type FieldSet,
  fieldElement,
  fieldsOf,
  fromFieldsV1,
  has,
  isEmpty,
  isEqual,
  paths,
  pathText,
  toFieldsV1,
  touches,
  union,
  withoutBelow,
} from './field-set.ts';
import { isSame, itemElement, overlay, removeAt, valueAt } from './values.ts';

export interface ApplyConflictDetail {
  manager: string;
  field: string;
  message: string;
}

export class ApplyConflict extends Error {
  readonly conflicts: ApplyConflictDetail[];
  constructor(conflicts: ApplyConflictDetail[]) {
    super(`Apply failed with ${conflicts.length} conflict${conflicts.length === 1 ? '' : 's'}: ${summary(conflicts)}`);
    this.name = 'ApplyConflict';
    this.conflicts = conflicts;
  }
}

function summary(conflicts: ApplyConflictDetail[]): string {
  if (conflicts.length === 1) return `${conflicts[0]!.message}: ${conflicts[0]!.field}`;
  const byManager = Map.groupBy(conflicts, (conflict) => conflict.message);
  return [...byManager]
    .map(([message, list]) => `${message}:\n${list.map(({ field }) => `- ${field}`).join('\n')}`)
    .join('\n');
}

interface Manager {
  entry: ManagedFieldsEntry;
  set: FieldSet;
}

export interface Writer {
  manager: string;
  apiVersion: string;
  subresource?: string | undefined;
  /** RFC 3339, seconds. */
  now: string;
}

/** Fields that the server itself keeps; nobody owns them. */
const serverFields = [
  'managedFields',
  'creationTimestamp',
  'uid',
  'resourceVersion',
  'generation',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];

function ownable(object: KubeObject): FieldSet['children'] extends never ? never : any {
  const { apiVersion: _a, kind: _k, metadata, ...rest } = object;
  const meta: Record<string, unknown> = { ...metadata };
  for (const name of [...serverFields, 'name', 'namespace', 'generateName']) delete meta[name];
  return Object.keys(meta).length > 0 ? { ...rest, metadata: meta } : rest;
}

/**
 * Applies a configuration under a manager's name.
 * @returns the live object itself when nothing changes by it
 * @throws ApplyConflict when another manager holds a field with another value and `force` is not set.
 */
export function serverSideApply(
  current: KubeObject | undefined,
  applied: KubeObject,
  schema: TypeSchema | undefined,
  writer: Writer,
  force: boolean,
): KubeObject {
  const configuration = ownable(applied);
  const set = fieldsOf(configuration, schema);
  const managers = readManagers(current);
  const mine = (entry: ManagedFieldsEntry) =>
    entry.manager === writer.manager &&
    entry.operation === 'Apply' &&
    (entry.subresource ?? '') === (writer.subresource ?? '');
  const previous = managers.find(({ entry }) => mine(entry));
  const others = managers.filter((candidate) => candidate !== previous);

  if (current) {
    const { conflicts, contested } = findConflicts(current, configuration, set, others, schema, writer);
    if (conflicts.length > 0 && !force) throw new ApplyConflict(conflicts);
    for (const other of others) other.set = withoutBelow(other.set, contested);
  }

  let merged: any = overlay(
    current ?? {},
    { ...configuration, apiVersion: applied.apiVersion, kind: applied.kind },
    schema,
  );
  merged = { ...merged, metadata: { ...(current?.metadata ?? {}), ...(merged.metadata ?? {}), ...identity(applied) } };
  if (previous) {
    const dropped = difference(previous.set, set);
    // Items before their fields: without its key an item could not be found any more.
    const ordered = [...paths(dropped)].sort((a, b) => a.length - b.length);
    for (const path of ordered)
      if (!touches(set, path) && !others.some((other) => touches(other.set, path)))
        merged = removeAt(merged, path, schema);
    // What is stated as empty stays, though taking away has emptied it.
    merged = overlay(merged, configuration, schema);
  }

  if (current && previous && isEqual(previous.set, set) && isSame(withoutManaged(merged), withoutManaged(current)))
    return current;
  const entry: ManagedFieldsEntry = {
    manager: writer.manager,
    operation: 'Apply',
    apiVersion: writer.apiVersion,
    time: writer.now,
    fieldsType: 'FieldsV1',
    ...(writer.subresource ? { subresource: writer.subresource } : {}),
  };
  return withManagers(merged, [{ entry, set }, ...others]);
}

function identity(applied: KubeObject): Record<string, unknown> {
  const { name, namespace } = applied.metadata;
  return { name, ...(namespace ? { namespace } : {}) };
}

function findConflicts(
  current: KubeObject,
  configuration: any,
  set: FieldSet,
  others: Manager[],
  schema: TypeSchema | undefined,
  writer: Writer,
): { conflicts: ApplyConflictDetail[]; contested: FieldSet } {
  const conflicts: ApplyConflictDetail[] = [];
  let contested = emptySet();
  for (const path of paths(set)) {
    const wanted = valueAt(configuration, path, schema);
    // An item of a list is shared by being listed; its fields are compared one by one.
    if (wanted !== null && typeof wanted === 'object' && (path.at(-1)?.startsWith('k:') ?? false)) continue;
    if (isSame(valueAt(current, path, schema), wanted)) continue;
    for (const { entry, set: owned } of others) {
      if (!has(owned, path)) continue;
      const version =
        entry.operation === 'Update' || entry.apiVersion !== writer.apiVersion ? ` using ${entry.apiVersion}` : '';
      const message = `conflict with "${entry.manager}"${entry.subresource ? ` with subresource "${entry.subresource}"` : ''}${version}`;
      conflicts.push({ manager: entry.manager ?? '', field: pathText(path), message });
      contested = union(contested, single(path));
    }
  }
  return { conflicts, contested };
}

function single(path: readonly string[]): FieldSet {
  const [element, ...rest] = path;
  return element === undefined
    ? { own: true, children: new Map() }
    : { own: false, children: new Map([[element, single(rest)]]) };
}

/** Records a create, update or patch: the manager owns what it set or changed, and nobody owns what is gone. */
export function trackUpdate(
  old: KubeObject | undefined,
  updated: KubeObject,
  schema: TypeSchema | undefined,
  writer: Writer,
): KubeObject {
  const isBuiltin = schema?.raw['x-kubernetes-group-version-kind'] !== undefined;
  const before = old ? { metadata: {}, ...ownable(old) } : isBuiltin ? emptyOf(schema) : { metadata: {} };
  const after = ownable(updated);
  const changed = changedFields(before, after, schema);
  const removed = old ? difference(allOf(before, schema), allOf(after, schema)) : emptySet();
  if (old && isEmpty(changed) && isEmpty(removed)) return withManagedOf(updated, old);
  const managers = readManagers(old);
  const mine = (entry: ManagedFieldsEntry) =>
    entry.manager === writer.manager &&
    entry.operation === 'Update' &&
    entry.apiVersion === writer.apiVersion &&
    (entry.subresource ?? '') === (writer.subresource ?? '');
  const rest: Manager[] = [];
  let own: FieldSet = emptySet();
  for (const manager of managers) {
    const left = difference(manager.set, removed);
    if (mine(manager.entry)) own = left;
    else rest.push({ entry: manager.entry, set: difference(left, changed) });
  }
  own = union(own, changed);
  const entry: ManagedFieldsEntry = {
    manager: writer.manager,
    operation: 'Update',
    apiVersion: writer.apiVersion,
    time: writer.now,
    fieldsType: 'FieldsV1',
    ...(writer.subresource ? { subresource: writer.subresource } : {}),
  };
  return withManagers(updated, [...rest, { entry, set: own }]);
}

/**
 * What an object of a type holds before anything is set: Kubernetes compares what is created with the empty Go value, whose structures are
 * there, and its required fields too, as null. Custom resources have no Go type.
 */
function emptyOf(schema: TypeSchema | undefined, depth = 0): Record<string, unknown> {
  const empty: Record<string, unknown> = {};
  const names = new Set<string>(schema?.raw.required ?? []);
  for (const name of ['metadata', 'spec', 'status', 'template', 'strategy', 'updateStrategy', 'jobTemplate'])
    if (schema?.raw.properties?.[name] !== undefined || (depth === 0 && name === 'metadata')) names.add(name);
  for (const name of names) {
    const child = schema?.field(name);
    const isStructure = name === 'metadata' || child?.raw.properties !== undefined;
    empty[name] = isStructure && depth < 6 ? emptyOf(child, depth + 1) : null;
  }
  return empty;
}

/** What of `after` is not in `before`, or has another value there. */
function changedFields(before: any, after: any, schema: TypeSchema | undefined): FieldSet {
  if (before === undefined) return allOf(after, schema);
  if (before === null && after !== null && typeof after === 'object')
    return changedFields(Array.isArray(after) ? [] : {}, after, schema);
  if (isSame(before, after)) return emptySet();
  if (Array.isArray(after) && Array.isArray(before) && schema && schema.listType !== 'atomic') {
    const known = new Map(before.map((item) => [itemElement(item, schema), item]));
    const set = emptySet();
    for (const item of after) {
      const element = itemElement(item, schema);
      const below = known.has(element)
        ? changedFields(known.get(element), item, schema.items())
        : allOf(item, schema.items());
      const child = known.has(element) ? below : { ...below, own: true };
      if (!isEmpty(child)) set.children.set(element, child);
    }
    return set;
  }
  const granular = (value: any) =>
    value !== null && typeof value === 'object' && !Array.isArray(value) && !schema?.isAtomicMap;
  if (granular(after) && granular(before)) {
    const set = emptySet();
    for (const [name, value] of Object.entries(after)) {
      if (value === undefined) continue;
      const child = changedFields(before[name], value, schema?.field(name));
      if (!isEmpty(child)) set.children.set(fieldElement(name), child);
    }
    return set;
  }
  return fieldsOf(after, schema);
}

function readManagers(object: KubeObject | undefined): Manager[] {
  return (object?.metadata.managedFields ?? []).map((entry) => ({ entry, set: fromFieldsV1(entry.fieldsV1) }));
}

function withManagers(object: KubeObject, managers: Manager[]): KubeObject {
  const managedFields = managers
    .filter(({ set }) => !isEmpty(set))
    .map(({ entry, set }) => ({ ...entry, fieldsV1: toFieldsV1(set) }))
    .sort(inOrder);
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: managedFields.length > 0 ? { ...metadata, managedFields } : metadata };
}

/** Applies stand before updates; then the order is that of time, name, version and subresource. */
function inOrder(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  for (const field of ['operation', 'time', 'manager', 'apiVersion', 'subresource'] as const) {
    const difference = (a[field] ?? '').localeCompare(b[field] ?? '', 'en');
    if (difference !== 0) return difference;
  }
  return 0;
}

function withManagedOf(object: KubeObject, from: KubeObject): KubeObject {
  const { managedFields } = from.metadata;
  return managedFields ? { ...object, metadata: { ...object.metadata, managedFields } } : object;
}

function withoutManaged(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
