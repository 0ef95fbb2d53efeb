/** Lists and watches: what is chosen, in which form it is sent, and from which revision. */
import type { KubeObject } from '../../kube/index.ts';
import type { ApiRequest, ServerContext } from './context.ts';
import { apiVersion, type Resource, storageKey } from './resources.ts';
import { type FieldError, forbidden, notSupported } from './schema/index.ts';
import { fieldSelector, labelSelector, type Matches } from './selectors.ts';
import { badRequest, gone, invalid, StatusError } from './status.ts';
import type { Change, Entry } from './storage.ts';
import { metadataOf, tableOf } from './table.ts';
import { atVersion } from './writes.ts';

export type Form = 'object' | 'table' | 'metadata';

/** The form that the Accept header asks for. */
export function formOf(request: ApiRequest): Form {
  const accept = String(request.headers['accept'] ?? '');
  for (const option of accept.split(',')) {
    if (/as=Table/.test(option) && /json/.test(option)) return 'table';
    if (/as=PartialObjectMetadataList/.test(option) && /json/.test(option)) return 'metadata';
    if (/as=PartialObjectMetadata/.test(option) && /json/.test(option)) return 'metadata';
    if (/^\s*(application\/json|application\/\*|\*\/\*)\s*(;|$)/.test(option)) return 'object';
  }
  if (/json|yaml|protobuf|cbor|^$/.test(accept)) return 'object';
  throw new StatusError(406, 'NotAcceptable', 'only the following media types are accepted: application/json');
}

function chooser(request: ApiRequest, resource: Resource): Matches {
  const byLabel = labelSelector(request.query.get('labelSelector') ?? undefined);
  const byField = fieldSelector(request.query.get('fieldSelector') ?? undefined, resource);
  return (object) => byLabel(object) && byField(object);
}

/** A list as JSON text. */
export function listObjects(
  context: ServerContext,
  request: ApiRequest,
  resource: Resource,
  namespace: string | undefined,
): string {
  const chosen = chooser(request, resource);
  checkVersion(context, request);
  let entries = context.storage.list(storageKey(resource), namespace).filter(({ object }) => chosen(object));
  const limit = Number(request.query.get('limit') ?? 0);
  const after = continuation(request, context);
  if (after) entries = entries.filter(({ object }) => nameOf(object) > after.name);
  const revision = after?.revision ?? context.storage.revision;
  let metadata = `{"resourceVersion":"${revision}"`;
  if (limit > 0 && entries.length > limit) {
    const remaining = entries.length - limit;
    entries = entries.slice(0, limit);
    const token = Buffer.from(JSON.stringify({ name: nameOf(entries.at(-1)!.object), revision })).toString('base64url');
    metadata += `,"continue":"${token}","remainingItemCount":${remaining}`;
  }
  metadata += '}';
  const form = formOf(request);
  if (form === 'table') {
    const table = tableOf(
      resource,
      request.query.get('includeObject'),
      entries.map(({ object }) => atVersion(object, resource)),
    );
    return `{"metadata":${metadata},${JSON.stringify(table).slice(1)}`;
  }
  if (form === 'metadata') {
    const items = entries.map(({ object }) => JSON.stringify(metadataOf(object)));
    return `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":${metadata},"items":[${items.join(',')}]}`;
  }
  const items = entries.map((entry) => jsonAt(entry, resource));
  return `{"kind":"${resource.listKind}","apiVersion":"${apiVersion(resource)}","metadata":${metadata},"items":[${items.join(',')}]}`;
}

const nameOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

/** The stored text where the version is the one stored. */
function jsonAt(entry: Entry, resource: Resource): string {
  return entry.object.apiVersion === apiVersion(resource)
    ? entry.json
    : JSON.stringify(atVersion(entry.object, resource));
}

function continuation(request: ApiRequest, context: ServerContext): { name: string; revision: number } | undefined {
  const token = request.query.get('continue');
  if (!token) return undefined;
  try {
    const { name, revision } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (typeof name === 'string' && typeof revision === 'number' && revision <= context.storage.revision)
      return { name, revision };
  } catch {}
  throw badRequest('continue key is not valid');
}

/** Options of a list or watch that do not go together. */
export function checkListOptions(request: ApiRequest, isWatch: boolean): void {
  const { query } = request;
  const version = query.get('resourceVersion') ?? '';
  if (!/^\d*$/.test(version)) throw badRequest(`invalid resource version ${JSON.stringify(version)}`);
  const match = query.get('resourceVersionMatch');
  const initial = query.get('sendInitialEvents');
  const errors: FieldError[] = [];
  if (match !== null && !['Exact', 'NotOlderThan'].includes(match))
    errors.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan']));
  else if (match !== null && !isWatch && !query.get('resourceVersion'))
    errors.push(
      forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    );
  else if (match !== null && isWatch && initial === null)
    errors.push(
      forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    );
  if (isWatch && initial !== null && match !== 'NotOlderThan')
    errors.push(
      forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    );
  if (!isWatch && initial !== null)
    errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  if (errors.length > 0) throw invalid('ListOptions', 'meta.k8s.io', '', errors);
}

/** Lists are always answered with the newest state, which satisfies "0" and any older version; a version to come is refused. */
function checkVersion(context: ServerContext, request: ApiRequest): void {
  const asked = Number(request.query.get('resourceVersion') || 0);
  if (asked > context.storage.revision)
    throw new StatusError(
      504,
      'Timeout',
      `Too large resource version: ${asked}, current: ${context.storage.revision}`,
      {
        retryAfterSeconds: 1,
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }],
      },
    );
  const exact = request.query.get('resourceVersionMatch') === 'Exact';
  if (exact && asked !== context.storage.revision) throw gone(asked, context.storage.revision);
}

export interface WatchSink {
  /** Sends a line; false when the client is slow and the line waits in memory. */
  send(line: string): boolean;
  /** Bytes that wait to be sent. */
  backlog(): number;
  end(): void;
  closed: AbortSignal;
}

const bookmarkEveryMs = 60_000;
const defaultTimeoutMs = 30 * 60_000;
/** A watcher that does not read is cut off; it resumes by its last resourceVersion. */
const longestBacklog = 16 * 1024 * 1024;

/** What leaves a selection is shown as it was in it, at the version of the change. */
function lastSeen({ entry, previous }: Change): Entry {
  const { resourceVersion } = entry.object.metadata;
  const object = { ...previous!.object, metadata: { ...previous!.object.metadata, resourceVersion: resourceVersion! } };
  return { ...entry, object, json: JSON.stringify(object) };
}

/** Serves a watch until it times out or the client leaves. */
export function watchObjects(
  context: ServerContext,
  request: ApiRequest,
  resource: Resource,
  namespace: string | undefined,
  sink: WatchSink,
): void {
  const chosen = chooser(request, resource);
  const within = (object: KubeObject) =>
    (namespace === undefined || object.metadata.namespace === namespace) && chosen(object);
  const form = formOf(request);
  const key = storageKey(resource);
  let isFirst = true;
  const text = (type: string, entry: Entry): string => {
    if (form === 'object') return `{"type":"${type}","object":${jsonAt(entry, resource)}}\n`;
    const object = atVersion(entry.object, resource);
    const sent =
      form === 'table'
        ? tableOf(resource, request.query.get('includeObject'), [object], false, isFirst)
        : metadataOf(object);
    isFirst = false;
    return `${JSON.stringify({ type, object: sent })}\n`;
  };
  const bookmark = (annotations?: Record<string, string>): string => {
    const metadata = {
      resourceVersion: String(context.storage.revision),
      creationTimestamp: null,
      ...(annotations ? { annotations } : {}),
    };
    const typed =
      form === 'object'
        ? { kind: resource.kind, apiVersion: apiVersion(resource) }
        : { kind: form === 'table' ? 'Table' : 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };
    return `${JSON.stringify({ type: 'BOOKMARK', object: { ...typed, metadata, ...(form === 'table' ? { columnDefinitions: null, rows: [] } : {}) } })}\n`;
  };
  const asked = request.query.get('resourceVersion') ?? '';
  const initial = request.query.get('sendInitialEvents') === 'true' || asked === '' || asked === '0';
  const replay = initial ? [] : context.storage.since(key, Number(asked));
  if (replay === undefined) {
    const { status } = gone(Number(asked), context.storage.compacted);
    sink.send(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
    sink.end();
    return;
  }
  const deliver = (change: Change): void => {
    const isIn = within(change.entry.object) && change.type !== 'DELETED';
    const wasIn = change.previous !== undefined && within(change.previous.object);
    if (isIn) sink.send(text(wasIn ? 'MODIFIED' : 'ADDED', change.entry));
    else if (wasIn) sink.send(text('DELETED', change.type === 'DELETED' ? change.entry : lastSeen(change)));
    if (sink.backlog() > longestBacklog) sink.end();
  };
  const wantsBookmarks = request.query.get('allowWatchBookmarks') === 'true';
  if (initial) {
    for (const entry of context.storage.list(key, namespace)) if (within(entry.object)) sink.send(text('ADDED', entry));
    if (request.query.get('sendInitialEvents') === 'true' && wantsBookmarks)
      sink.send(bookmark({ 'k8s.io/initial-events-end': 'true' }));
  } else for (const change of replay) deliver(change);
  const unsubscribe = context.storage.watch(key, deliver);
  const seconds = Number(request.query.get('timeoutSeconds') ?? 0);
  const timeout = setTimeout(() => sink.end(), seconds > 0 ? seconds * 1000 : defaultTimeoutMs * (1 + Math.random()));
  const bookmarks = wantsBookmarks ? setInterval(() => sink.send(bookmark()), bookmarkEveryMs) : undefined;
  sink.closed.addEventListener('abort', () => {
    unsubscribe();
    clearTimeout(timeout);
    clearInterval(bookmarks);
  });
}
