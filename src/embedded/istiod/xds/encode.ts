/** Resources are encoded once: the same text is the same bytes, for whichever proxy and push. */
import { encodeMessage, type JsonValue } from '../../proto/index.ts';

const most = 60_000;
const cache = new Map<string, Uint8Array>();

export function encodeCached(message: string, resource: JsonValue): { text: string; bytes: Uint8Array } {
  const text = JSON.stringify(resource);
  const known = cache.get(text);
  if (known) return { text, bytes: known };
  const bytes = encodeMessage(message, resource);
  if (cache.size >= most) cache.delete(cache.keys().next().value!);
  cache.set(text, bytes);
  return { text, bytes };
}
