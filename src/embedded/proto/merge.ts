/** Merging messages as protocol buffers do, and what Istio does otherwise: a duration replaces, and lists do if that is asked. */
import type { reflect } from '@bufbuild/protobuf/reflect';

type ReflectMessage = ReturnType<typeof reflect>;

/** Sets in the first what the second says: messages are merged, lists are joined, entries of maps and all else are replaced. */
export function mergeInto(target: ReflectMessage, source: ReflectMessage, replaceLists: boolean): void {
  for (const field of source.fields) {
    if (!source.isSet(field)) continue;
    if (field.fieldKind === 'list') {
      const list = target.get(field);
      if (replaceLists) list.clear();
      for (const item of source.get(field)) list.add(item as never);
    } else if (field.fieldKind === 'map') {
      const map = target.get(field);
      for (const [key, value] of source.get(field)) map.set(key as never, value as never);
    } else if (
      field.fieldKind === 'message' &&
      target.isSet(field) &&
      field.message.typeName !== 'google.protobuf.Duration'
    ) {
      const inner = target.get(field) as ReflectMessage;
      mergeInto(inner, source.get(field) as ReflectMessage, replaceLists);
      // Wrappers and structs are copies.
      target.set(field, inner);
    } else target.set(field, source.get(field));
  }
}
