/** Server-side apply of a part's objects, and what it changed. */
import { isDeepStrictEqual } from 'node:util';
import { IsthmusError } from '../errors/index.ts';
import { type Kind, KubeApiError, type KubeClient, type KubeObject } from '../kube/index.ts';
import { nameOf, stated } from './owner.ts';
import { type DesiredObject, fieldManager, type Placed } from './part.ts';

export type Outcome = 'created' | 'changed' | 'unchanged';

export interface Applied {
  /** Kind and namespace/name of each. */
  created: string[];
  changed: string[];
  unchanged: number;
}

/** What other objects live in goes first; what starts pods, or is asked about every pod, goes last. */
const first = new Set(['Namespace', 'CustomResourceDefinition']);
const last = new Set(['Deployment', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']);
/** Kubernetes takes a token's Secret away whose account it does not find. */
const isToken = (object: DesiredObject): boolean => object['type'] === 'kubernetes.io/service-account-token';
const waveOf = ({ object }: Placed): number =>
  first.has(object.kind) ? 0 : last.has(object.kind) || isToken(object) ? 2 : 1;

/** Applies in three waves, the objects of each at the same time. @throws what `applyObject` throws; what was applied stays. */
export async function applyAll(
  placed: Placed[],
  clientOf: (cluster: string) => KubeClient,
  signal: AbortSignal,
): Promise<Applied> {
  const outcomes = new Map<Placed, Outcome>();
  for (const wave of [0, 1, 2]) {
    signal.throwIfAborted();
    const members = placed.filter((one) => waveOf(one) === wave);
    await Promise.all(
      members.map(async (one) => outcomes.set(one, await applyObject(clientOf(one.cluster), one.object))),
    );
  }
  const names = (outcome: Outcome): string[] =>
    placed.filter((one) => outcomes.get(one) === outcome).map(({ object }) => nameOf(object));
  return { created: names('created'), changed: names('changed'), unchanged: names('unchanged').length };
}

/** @throws IsthmusError `mesh.conflict` when somebody else holds a field with another value: it is not taken from them. */
export async function applyObject(client: KubeClient, object: DesiredObject): Promise<Outcome> {
  const kind = await client.kindOf(object.apiVersion, object.kind);
  const { name = '', namespace } = object.metadata;
  const before = await client.find(kind, name, namespace);
  try {
    const after = await client.apply<KubeObject>(kind, stated(object, before), { fieldManager });
    if (!before) return 'created';
    return isSame(before, after) ? 'unchanged' : 'changed';
  } catch (error) {
    throw conflictError(error, client, kind, object);
  }
}

/** A version that differs is no change of ours when only a controller wrote the status in between. */
function isSame(before: KubeObject, after: KubeObject): boolean {
  if (before.metadata.resourceVersion === after.metadata.resourceVersion) return true;
  return isDeepStrictEqual(withoutMarks(before), withoutMarks(after));
}

function withoutMarks(object: KubeObject): unknown {
  const { status: _status, apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const { resourceVersion: _version, managedFields: _fields, generation: _generation, ...named } = metadata;
  return { ...rest, metadata: named };
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
