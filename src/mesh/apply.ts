/** Server-side apply of a part's objects, and what it changed. */
import { isDeepStrictEqual } from 'node:util';
import { IsthmusError } from '../errors/index.ts';
import { type Kind, KubeApiError, type KubeClient, type KubeObject } from '../kube/index.ts';
import { isTouched, nameOf, stated } from './owner.ts';
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
  options: { signal: AbortSignal; takeOver?: boolean },
): Promise<Applied> {
  const outcomes = new Map<Placed, Outcome>();
  for (const wave of [0, 1, 2]) {
    options.signal.throwIfAborted();
    const members = placed.filter((one) => waveOf(one) === wave);
    await Promise.all(
      members.map(async (one) =>
        outcomes.set(one, await applyObject(clientOf(one.cluster), one.object, { ...options, fits: one.fits })),
      ),
    );
  }
  const names = (outcome: Outcome): string[] =>
    placed.filter((one) => outcomes.get(one) === outcome).map(({ object }) => nameOf(object));
  return { created: names('created'), changed: names('changed'), unchanged: names('unchanged').length };
}

/** Kinds of which many have a share: a namespace and a definition are nobody's own. */
const shared = new Set(['Namespace', 'CustomResourceDefinition']);

export interface ApplyOptions {
  /** Makes objects and fields of others ours. */
  takeOver?: boolean | undefined;
  fits?: Placed['fits'];
}

/** Whether somebody else has made it, so that it is used as it is or not at all. */
export const isForeign = (before: KubeObject, { kind }: DesiredObject): boolean =>
  !shared.has(kind) && !isTouched(before);

/** Why a foreign object does not serve in the place of ours. */
export const whyUnfit = (before: KubeObject, fits: Placed['fits']): string | undefined =>
  fits ? fits(before) : 'it was made by somebody else';

/**
 * @throws IsthmusError `mesh.foreign` when somebody else has made the object, and it does not serve as it is; `mesh.conflict` when somebody
 * else holds a field with another value. Neither is taken from them.
 */
export async function applyObject(
  client: KubeClient,
  object: DesiredObject,
  { takeOver = false, fits }: ApplyOptions = {},
): Promise<Outcome> {
  const kind = await client.kindOf(object.apiVersion, object.kind);
  const { name = '', namespace } = object.metadata;
  const before = await client.find(kind, name, namespace);
  if (before && !takeOver && isForeign(before, object)) {
    const why = whyUnfit(before, fits);
    if (why === undefined) return 'unchanged';
    throw foreignError(client, object, before, why);
  }
  try {
    const after = await client.apply<KubeObject>(kind, stated(object, before), { fieldManager, force: takeOver });
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

function foreignError(client: KubeClient, object: DesiredObject, before: KubeObject, why: string): IsthmusError {
  const managers = [...new Set((before.metadata.managedFields ?? []).map((one) => one.manager))].filter(Boolean);
  return new IsthmusError({
    code: 'mesh.foreign',
    fault: 'user',
    what: `${nameOf(object)} is there already, and Isthmus did not make it`,
    where: client.name,
    why: managers.length > 0 ? `${why}; it is managed by ${managers.join(', ')}` : why,
    fix: 'remove it, or let Isthmus have it: isthmus up --take-over',
  });
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
    fix: 'take the change back there, make the same one in mesh.yaml, or overrule it: isthmus up --take-over',
    cause: error,
  });
}
