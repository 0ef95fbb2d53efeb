/** What differs between two states of an object, field by field. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../kube/index.ts';

export interface FieldChange {
  /** As in `spec.template.spec.containers[name=discovery].image`. */
  path: string;
  /** Undefined where the field is not there. Values of Secrets are never told. */
  before: unknown;
  after: unknown;
}

const hidden = '(secret)';
/** Written by the API server and by controllers at every change. */
const notStated = new Set(['resourceVersion', 'managedFields', 'generation', 'uid', 'creationTimestamp']);

/** @param after as a dry run gives it, so that what the API server fills in is no difference. */
export function differences(before: KubeObject, after: KubeObject): FieldChange[] {
  const found: FieldChange[] = [];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const key of keys) {
    if (['apiVersion', 'kind', 'status'].includes(key)) continue;
    const [left, right] = key === 'metadata' ? [before, after].map(statedMetadata) : [before[key], after[key]];
    compare(key, left, right, found);
  }
  const isSecret = (before.kind ?? after.kind) === 'Secret';
  return isSecret ? found.map(withoutValues) : found;
}

function statedMetadata({ metadata }: KubeObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !notStated.has(key)));
}

function compare(path: string, before: unknown, after: unknown, found: FieldChange[]): void {
  if (isDeepStrictEqual(before, after)) return;
  if (isMapping(before) && isMapping(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      compare(`${path}${/^[\w-]+$/.test(key) ? `.${key}` : `["${key}"]`}`, before[key], after[key], found);
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(path, before, after, found);
  found.push({ path, before, after });
}

/** Entries with names are the same where their names are, as server-side apply merges them; others by their place. */
function compareLists(path: string, before: unknown[], after: unknown[], found: FieldChange[]): void {
  const keyed = (list: unknown[]): Map<string, unknown> =>
    new Map(
      list.map((one, index) => [
        isMapping(one) && typeof one['name'] === 'string' ? `name=${one['name']}` : `${index}`,
        one,
      ]),
    );
  const [left, right] = [keyed(before), keyed(after)];
  for (const key of new Set([...left.keys(), ...right.keys()]))
    compare(`${path}[${key}]`, left.get(key), right.get(key), found);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutValues(change: FieldChange): FieldChange {
  if (!/^(data|stringData)\b/.test(change.path)) return change;
  const shown = (value: unknown) => (value === undefined ? undefined : hidden);
  return { ...change, before: shown(change.before), after: shown(change.after) };
}
