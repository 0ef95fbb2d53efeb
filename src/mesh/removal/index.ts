/**
 * Takes away what we have put into clusters, and nothing else: first the webhooks, without whose servers nothing could be written any
 * more; then workloads, whose pods are waited for; load-balancer Services before the pools of their addresses; namespaces and definitions
 * last, and only when nobody else's objects would go with them. In objects of others our fields are given up.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { IsthmusError } from '../../errors/index.ts';
import { apiVersionOf, isNotFound, type KubeClient, type KubeObject, kinds } from '../../kube/index.ts';
import { type Found, findObjects, isOwned, isTouched, nameOf, ownedKinds } from '../owner.ts';
import { fieldManager } from '../part.ts';
import { untilPodsEnded } from './pods.ts';
import { strangersIn } from './strangers.ts';

export interface Removed {
  cluster: string;
  /** Kind and namespace/name of each. */
  removed: string[];
  /** Objects of others that hold none of our fields any more. */
  released: string[];
  /** What we have made and what stays for the sake of others' objects in it. */
  kept: { object: string; why: string }[];
}

export interface RemovalOptions {
  signal: AbortSignal;
  /** Milliseconds until what does not go is given up. */
  timeoutMs?: number;
  progress?: (object: string) => void;
}

/** Everything of ours in a cluster. */
export async function removeAll(client: KubeClient, options: RemovalOptions): Promise<Removed> {
  const found = await findObjects(client, isTouched);
  // A remote has the webhook that leads to its primary's istiod.
  const isOurs = found.some(
    ({ kind, object }) =>
      isOwned(object) &&
      (kind === kinds.MutatingWebhookConfiguration ||
        (kind === kinds.Deployment && object.metadata.name?.startsWith('istiod'))),
  );
  const result = await removeObjects(
    client,
    found.filter(({ object }) => isOwned(object)),
    options,
  );
  for (const one of found.filter(({ object }) => !isOwned(object))) {
    await release(client, one);
    result.released.push(nameOf(one.object));
  }
  // istiod, which wrote them into every namespace, was ours and is gone.
  if (isOurs) result.removed.push(...(await removeDistributed(client)));
  return result;
}

/** These objects, in the order of removal. @throws IsthmusError `mesh.removal` for one that does not go, with its finalizers. */
export async function removeObjects(client: KubeClient, found: Found[], options: RemovalOptions): Promise<Removed> {
  const result: Removed = { cluster: client.name, removed: [], released: [], kept: [] };
  const deadline = Date.now() + (options.timeoutMs ?? 90_000);
  for (const kind of ownedKinds) {
    const members = found.filter((one) => one.kind === kind);
    const gone: Found[] = [];
    const strangersOf = await Promise.all(members.map((one) => strangersIn(client, one)));
    for (const [index, one] of members.entries()) {
      options.signal.throwIfAborted();
      const strangers = strangersOf[index]!;
      if (strangers.length > 0) {
        // A definition without our fields would be none; a namespace is one, whose pods are injected no more.
        if (kind === kinds.Namespace) await release(client, one);
        const shown = strangers.slice(0, 3).join(', ') + (strangers.length > 3 ? ' and more' : '');
        result.kept.push({ object: nameOf(one.object), why: `it holds what is not ours: ${shown}` });
        continue;
      }
      options.progress?.(nameOf(one.object));
      await remove(client, one);
      gone.push(one);
    }
    await Promise.all(gone.map((one) => untilGone(client, one, deadline, options.signal)));
    if (kind === kinds.Deployment) await untilPodsEnded(client, gone, { deadline, signal: options.signal });
    result.removed.push(...gone.map(({ object }) => nameOf(object)));
  }
  return result;
}

async function remove(client: KubeClient, { kind, object }: Found): Promise<void> {
  const { name = '', namespace, uid } = object.metadata;
  const preconditions = uid ? { preconditions: { uid } } : {};
  await client.delete(kind, name, namespace, { propagationPolicy: 'Background', ...preconditions }).catch((error) => {
    if (!isNotFound(error)) throw error;
  });
}

async function untilGone(client: KubeClient, one: Found, deadline: number, signal: AbortSignal): Promise<void> {
  const { name = '', namespace, uid } = one.object.metadata;
  for (;;) {
    const left = await client.find(one.kind, name, namespace);
    if (!left || left.metadata.uid !== uid) return;
    if (Date.now() > deadline) throw stuck(client, left);
    await pause(100, undefined, { signal });
  }
}

function stuck(client: KubeClient, { kind, metadata, status }: KubeObject): IsthmusError {
  const finalizers = metadata.finalizers ?? [];
  const conditions = (status?.conditions ?? [])
    .filter((one: any) => one.status === 'True')
    .map((one: any) => one.message);
  return new IsthmusError({
    code: 'mesh.removal',
    what: `${nameOf({ ...(kind ? { kind } : {}), metadata })} does not go`,
    where: client.name,
    why:
      [finalizers.length > 0 ? `it waits for its finalizers: ${finalizers.join(', ')}` : '', ...conditions]
        .filter(Boolean)
        .join('; ') || 'the API server keeps it',
    fix: 'see to it that the controller of that finalizer runs, then run `isthmus down` again: it goes on where it stood',
  });
}

/** An apply that states no fields gives up those that we held: what nobody else holds goes, the rest stays as it is. */
async function release(client: KubeClient, { kind, object }: Found): Promise<void> {
  const { name = '', namespace } = object.metadata;
  const empty = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
  };
  await client.apply(kind, empty, { fieldManager });
}

/** What istiod writes into every namespace; newer Istio also a list of revoked certificates. */
const distributed = new Set(['istio-ca-root-cert', 'istio-ca-crl']);

/** To be called when no istiod of ours runs any more that would write them again. @returns what was removed */
export async function removeDistributed(client: KubeClient): Promise<string[]> {
  const removed: string[] = [];
  const { items } = await client.list(kinds.ConfigMap, { labelSelector: 'istio.io/config=true' });
  for (const object of items.filter(({ metadata }) => distributed.has(metadata.name ?? ''))) {
    await remove(client, { kind: kinds.ConfigMap, object });
    removed.push(nameOf(object));
  }
  return removed;
}
