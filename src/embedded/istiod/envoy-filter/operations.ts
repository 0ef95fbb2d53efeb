/** What patches do to lists of filters and of routes, and to single messages. */
import { mergedMessages } from '../../proto/index.ts';
import { isMerge, messages, type Patch } from './patches.ts';

export interface ListRules {
  /** Whether the patch names a neighbour at all. Without one inserting goes to an end, and nothing is replaced or removed. */
  names: (patch: Patch) => boolean;
  fits: (item: any, patch: Patch) => boolean;
}

/** Adds, inserts, replaces and removes; merging is for the caller, since it depends on what the items are. */
export function patchList(list: any[], patch: Patch, { names, fits }: ListRules): any[] {
  const { operation } = patch;
  const value = structuredClone(patch.value);
  const position = () => list.findIndex((one) => fits(one, patch));
  if (operation === 'ADD') return [...list, value];
  if (operation === 'INSERT_FIRST') return [value, ...list];
  if (operation === 'INSERT_AFTER') {
    if (!names(patch)) return [...list, value];
    const at = position();
    return at < 0 ? list : list.toSpliced(at + 1, 0, value);
  }
  if (operation === 'INSERT_BEFORE') {
    if (!names(patch)) return [value, ...list];
    const at = position();
    return at < 0 ? list : list.toSpliced(at, 0, value);
  }
  if (!names(patch)) return list;
  if (operation === 'REPLACE') {
    const at = position();
    return at < 0 ? list : list.with(at, value);
  }
  return operation === 'REMOVE' ? list.filter((one) => !fits(one, patch)) : list;
}

/** The object with the patch's value merged into it. What does not fit together is left as it was. */
export function merged(target: any, patch: Patch): any {
  const replaceLists = patch.operation === 'MERGE_AND_REPLACE_LIST';
  return remembered(patch, target, () => mergedMessages(messages[patch.applyTo]!, target, patch.value, replaceLists));
}

const results = new WeakMap<Patch, Map<string, any>>();
/** More than a mesh has of what one patch is about; then it is begun anew. */
const most = 20_000;

/** Merging is dear, and proxies have much in common: what one patch makes of one text is made once. */
function remembered(patch: Patch, target: any, make: () => any): any {
  const text = JSON.stringify(target);
  const before = results.get(patch);
  const known = before && before.size < most ? before : new Map<string, any>();
  results.set(patch, known);
  const found = known.get(text);
  if (found !== undefined) return found;
  let result = target;
  try {
    result = make();
  } catch {} // what does not fit is left as it was
  known.set(text, result);
  return result;
}

/** A filter with the patch's name and configuration merged into its own; only configurations of one type can be. */
export function mergedFilter(filter: any, patch: Patch): any {
  if (patch.operation !== 'MERGE' || !filter.typed_config) return filter;
  const name = patch.value.name ? { name: patch.value.name } : {};
  return { ...filter, ...name, typed_config: mergedExtension(filter.typed_config, patch.value.typed_config, patch) };
}

function mergedExtension(target: any, source: any, patch: Patch): any {
  if (!source || source['@type'] !== target['@type']) return target;
  const type = String(target['@type']);
  const { '@type': _, ...own } = target;
  const { '@type': __, ...given } = source;
  return remembered(patch, target, () => ({
    '@type': type,
    ...mergedMessages(type.split('/').at(-1)!, own, given),
  }));
}

/**
 * Merges a patch that brings a transport socket into the one that is there, if they are of one kind.
 * @returns undefined when the patch brings none, or there is none like it
 */
export function mergedSocket(socket: any, patch: Patch): any {
  const given = patch.value.transport_socket;
  if (!isMerge(patch) || !given || !socket || given.name !== socket.name) return undefined;
  return { ...socket, typed_config: mergedExtension(socket.typed_config, given.typed_config, patch) };
}
