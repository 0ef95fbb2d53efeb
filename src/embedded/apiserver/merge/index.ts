/** Changing objects: the four patch types and the ownership of fields. Pure functions from data to data. */
import fastJsonPatch from 'fast-json-patch';
import type { KubeObject } from '../../../kube/index.ts';
import type { TypeSchema } from '../schema/type-schema.ts';
import { strategicMerge } from './strategic.ts';

export {
  ApplyConflict,
  type ApplyConflictDetail,
  serverSideApply,
  trackUpdate,
  type Writer,
} from './managed-fields.ts';
export { isSame } from './values.ts';

/** A patch that cannot be applied: 400 for what is no patch, 422 for one that does not fit the object. */
export class PatchError extends Error {
  readonly code: 400 | 422;
  constructor(code: 400 | 422, message: string) {
    super(message);
    this.name = 'PatchError';
    this.code = code;
  }
}

export type PatchKind = 'json' | 'merge' | 'strategic';

export function applyPatch(
  current: KubeObject,
  patch: unknown,
  kind: PatchKind,
  schema: TypeSchema | undefined,
): KubeObject {
  if (kind === 'json') return applyJsonPatch(current, patch);
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch))
    throw new PatchError(400, 'json: cannot unmarshal a patch that is not an object');
  if (kind === 'merge') return mergePatch(current, patch) as KubeObject;
  try {
    return strategicMerge(current, patch, schema);
  } catch (error) {
    throw new PatchError(400, error instanceof Error ? error.message : String(error));
  }
}

function applyJsonPatch(current: KubeObject, patch: unknown): KubeObject {
  if (!Array.isArray(patch))
    throw new PatchError(400, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  try {
    return fastJsonPatch.applyPatch(structuredClone(current), patch, true).newDocument;
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    throw new PatchError(422, `the server rejected our request due to an error in our request: ${message}`);
  }
}

/** RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    target !== null && typeof target === 'object' && !Array.isArray(target)
      ? { ...(target as Record<string, unknown>) }
      : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}
