/** CustomResourceDefinitions: their names are accepted, they are served from then on, and their objects go with them. */
import type { KubeObject } from '../../kube/index.ts';
import { type ServerContext, timestamp } from './context.ts';
import type { Change } from './storage.ts';

const definitions = 'apiextensions.k8s.io/customresourcedefinitions';

/** Follows the definitions in storage. Called once, after what was stored has been read. */
export function serveCustomResources(context: ServerContext): () => void {
  for (const { object } of context.storage.list(definitions)) context.resources.define(object);
  return context.storage.watch(definitions, (change) => follow(context, change));
}

function follow(context: ServerContext, change: Change): void {
  const { object } = change.entry;
  const name = object.metadata.name ?? '';
  if (change.type === 'DELETED') {
    context.resources.undefine(name);
    return;
  }
  context.resources.define(object);
  if (object.metadata.deletionTimestamp) return;
  const accepted = { ...object['spec'].names };
  const conditions = object['status']?.conditions ?? [];
  const established = conditions.some((one: any) => one.type === 'Established' && one.status === 'True');
  if (established && JSON.stringify(object['status'].acceptedNames) === JSON.stringify(accepted)) return;
  // Not from within the storage's own notification: watchers see the definition first, then its status.
  setImmediate(() => establish(context, name, accepted));
}

function establish(context: ServerContext, name: string, acceptedNames: unknown): void {
  const current = context.storage.get(definitions, undefined, name)?.object;
  if (!current || context.signal.aborted) return;
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime: timestamp(),
  });
  const object: KubeObject = {
    ...current,
    status: {
      ...current['status'],
      acceptedNames,
      // Objects of an earlier stored version may still be there: only a migration takes it off.
      storedVersions: [
        ...new Set([
          ...(current['status']?.storedVersions ?? []),
          ...current['spec'].versions.filter((one: any) => one.storage).map((one: any) => one.name),
        ]),
      ],
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
    },
  };
  object.metadata = { ...current.metadata };
  context.storage.put(definitions, object);
}

/** Before a definition goes, all its objects go. */
export function removeInstances(context: ServerContext, definition: KubeObject): void {
  const { group, names } = definition['spec'];
  const key = `${group}/${names.plural}`;
  for (const { object } of context.storage.list(key))
    context.storage.delete(key, object.metadata.namespace, object.metadata.name ?? '');
}
