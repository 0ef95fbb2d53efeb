/** Objects as they are kept: without what nobody asks of them, since five thousand workloads are to fit into little memory. */
import type { KubeObject, ManagedFieldsEntry } from '../../kube/index.ts';

/** Keeps of managed fields the newest entry's manager and time, which say by whom the object was changed. */
export function slim<T extends KubeObject>(object: T): T {
  const { metadata } = object;
  const newest = newestEntry(metadata.managedFields);
  if (metadata.managedFields) metadata.managedFields = newest ? [newest] : [];
  const annotations = metadata.annotations;
  if (annotations) delete annotations['kubectl.kubernetes.io/last-applied-configuration'];
  return object;
}

/** Status writes of controllers do not count: they say what became of the object, not who wanted it so. */
function newestEntry(entries: ManagedFieldsEntry[] | undefined): ManagedFieldsEntry | undefined {
  const wanted = (entries ?? []).filter((one) => one.subresource !== 'status');
  const newest = wanted.reduce<ManagedFieldsEntry | undefined>(
    (best, one) => (best && (best.time ?? '') >= (one.time ?? '') ? best : one),
    undefined,
  );
  if (!newest) return undefined;
  const { fieldsV1: _, ...rest } = newest;
  return rest;
}
