/** Server-side apply of a part's objects, and what it changed. */
import { IsthmusError } from '../errors/index.ts';
import { type Kind, KubeApiError, type KubeClient, type KubeObject } from '../kube/index.ts';
import { type DesiredObject, fieldManager } from './part.ts';

export type Outcome = 'created' | 'changed' | 'unchanged';

/** @throws IsthmusError `mesh.conflict` when somebody else holds a field with another value: it is not taken from them. */
export async function applyObject(client: KubeClient, object: DesiredObject): Promise<Outcome> {
  const kind = await client.kindOf(object.apiVersion, object.kind);
  const { name = '', namespace } = object.metadata;
  const before = await client.find(kind, name, namespace);
  try {
    const after = await client.apply<KubeObject>(kind, object, { fieldManager });
    if (!before) return 'created';
    return after.metadata.resourceVersion === before.metadata.resourceVersion ? 'unchanged' : 'changed';
  } catch (error) {
    throw conflictError(error, client, kind, object);
  }
}

function conflictError(error: unknown, client: KubeClient, kind: Kind, object: DesiredObject): unknown {
  if (!(error instanceof KubeApiError) || error.status !== 409) return error;
  const causes: any[] = error.body?.details?.causes ?? [];
  if (causes.length === 0) return error;
  const { name, namespace } = object.metadata;
  return new IsthmusError({
    code: 'mesh.conflict',
    fault: 'user',
    what: `${kind.kind} holds other values that are not ours to change`,
    where: [client.name, namespace, name].filter(Boolean).join('/'),
    why: causes.map((cause) => `${cause.field}: ${cause.message}`).join('; '),
    fix: 'take the change back there, or make the same one in mesh.yaml',
    cause: error,
  });
}

export const nameOf = (object: DesiredObject): string =>
  `${object.kind} ${[object.metadata.namespace, object.metadata.name].filter(Boolean).join('/')}`;
