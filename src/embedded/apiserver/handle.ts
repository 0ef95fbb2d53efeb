/** From a request to its answer: who asks, whether they may, and which handler serves the path. */
import type { KubeObject } from '../../kube/index.ts';
import { type ApiRequest, isDryRun, microTimestamp, type ServerContext, timestamp } from './context.ts';
import { removeInstances } from './custom-resources.ts';
import { deleteObject, deleteOptions, removeEntry } from './deletes.ts';
import { discoveryDocument } from './discovery.ts';
import { takeFromBudget } from './disruption-budget.ts';
import type { PatchKind } from './merge/index.ts';
import { readMetrics } from './metrics-api.ts';
import { type Answer, podLogs, proxyToNode, proxyToPod, proxyToService } from './node-proxy.ts';
import { isAllowed, refusal } from './rbac.ts';
import { checkListOptions, formOf, listObjects, type WatchSink, watchObjects } from './reads.ts';
import { apiVersion, type Resource, storageKey } from './resources.ts';
import { requestToken, reviews } from './reviews.ts';
import { readScale, writeScale } from './scale.ts';
import { notSupported } from './schema/index.ts';
import { fieldSelector, labelSelector } from './selectors.ts';
import { badRequest, conflict, invalid, methodNotAllowed, noSuchPath, StatusError, success } from './status.ts';
import { metadataOf, tableOf } from './table.ts';
import {
  applyObject,
  atVersion,
  createObject,
  existing,
  patchObject,
  removeIfFinalized,
  replaceObject,
  type Target,
  type WriteResult,
} from './writes.ts';

/** What to send: a whole text, a stream that somebody else produces, or a watch that goes on. */
export type Reply =
  | { kind: 'text'; status: number; contentType: string; text: string | Buffer; warnings?: string[] }
  | { kind: 'stream'; answer: Answer }
  | { kind: 'watch'; serve: (sink: WatchSink) => void };

export interface ResourcePath {
  resource: Resource;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
  /** What follows a proxy subresource. */
  rest: string;
  /** The old way to watch: a path that begins with watch. */
  isWatch: boolean;
}

/** Splits a resource path; undefined where the path is of another kind. @throws StatusError for a resource that is not served. */
export function parsePath(context: ServerContext, path: string): ResourcePath | undefined {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const [root] = parts;
  const groupParts = root === 'api' ? 2 : root === 'apis' ? 3 : 0;
  if (groupParts === 0 || parts.length <= groupParts) return undefined;
  const group = root === 'api' ? '' : parts[1]!;
  const version = parts[groupParts - 1]!;
  const isWatch = parts[groupParts] === 'watch' && parts.length > groupParts + 1;
  let rest = parts.slice(groupParts + (isWatch ? 1 : 0));
  let namespace: string | undefined;
  if (
    rest[0] === 'namespaces' &&
    rest.length > 2 &&
    !(rest.length === 3 && context.resources.find(group, version, 'namespaces')?.subresources.has(rest[2]!))
  ) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [plural, name, subresource, ...more] = rest;
  const resource = context.resources.find(group, version, plural ?? '');
  if (!resource || (namespace !== undefined && !resource.namespaced)) throw noSuchPath();
  return { resource, namespace, name, subresource, rest: more.join('/'), isWatch };
}

export async function handle(context: ServerContext, request: ApiRequest): Promise<Reply> {
  const target = parsePath(context, request.path);
  if (!target) {
    authorizePath(context, request);
    return handlePath(context, request);
  }
  const verb = verbOf(request, target);
  checkDryRun(request, verb);
  authorizeResource(context, request, target, verb);
  if (target.subresource) return handleSubresource(context, request, target, verb);
  const { resource } = target;
  const review = reviews[resource.kind];
  if (review && (resource.group === 'authentication.k8s.io' || resource.group === 'authorization.k8s.io')) {
    if (verb !== 'create') throw methodNotAllowed();
    return object(201, review(context, request, (await request.body()) as KubeObject, target.namespace));
  }
  if (!resource.verbs.includes(verb)) throw methodNotAllowed();
  if (verb === 'list' || verb === 'watch') checkListOptions(request, verb === 'watch');
  if (resource.group === 'metrics.k8s.io')
    return object(200, await readMetrics(context, request, resource, target.namespace, target.name));
  switch (verb) {
    case 'list':
      return {
        kind: 'text',
        status: 200,
        contentType: 'application/json',
        text: listObjects(context, request, resource, target.namespace),
      };
    case 'watch':
      return {
        kind: 'watch',
        serve: (sink) => watchObjects(context, watchOfOne(request, target), resource, target.namespace, sink),
      };
    case 'get':
      return shown(request, resource, atVersion(existing(context, named(target)).object, resource));
    case 'create':
      return written(
        request,
        resource,
        await createObject(
          context,
          request,
          { ...named({ ...target, name: '' }), name: '' },
          withEventTimes((await request.body()) as KubeObject, resource),
        ),
      );
    case 'update':
      return written(request, resource, await replaceOrCreate(context, request, named(target)));
    case 'patch':
      return written(request, resource, await patch(context, request, named(target)));
    case 'delete':
      return remove(context, request, named(target));
    case 'deletecollection':
      return removeAll(context, request, target);
    default:
      throw methodNotAllowed();
  }
}

/** Some kinds may be created by an update; leases and events are, by clients that keep them. */
async function replaceOrCreate(context: ServerContext, request: ApiRequest, target: Target): Promise<WriteResult> {
  const body = (await request.body()) as KubeObject;
  const creatable = ['endpoints', 'events', 'leases', 'services'].includes(target.resource.plural);
  const exists = context.storage.get(storageKey(target.resource), target.namespace, target.name);
  if (!exists && creatable && !body.metadata?.resourceVersion) return createObject(context, request, target, body);
  return replaceObject(context, request, target, body);
}

const patchKinds: Record<string, PatchKind | 'apply'> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
  'application/apply-patch+cbor': 'apply',
};

async function patch(context: ServerContext, request: ApiRequest, target: Target): Promise<WriteResult> {
  const type = String(request.headers['content-type'] ?? '')
    .split(';')[0]!
    .trim();
  const kind = patchKinds[type];
  if (!kind)
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${Object.keys(patchKinds).join(', ')}`,
    );
  const body = await request.body();
  return kind === 'apply'
    ? applyObject(context, request, target, body as KubeObject)
    : patchObject(context, request, target, body, kind);
}

async function remove(context: ServerContext, request: ApiRequest, target: Target): Promise<Reply> {
  const { resource } = target;
  const isDefinition = resource.plural === 'customresourcedefinitions';
  const definition = isDefinition
    ? context.storage.get(storageKey(resource), undefined, target.name)?.object
    : undefined;
  const { object: gone, removed } = await deleteObject(context, request, target, await deleteOptions(request));
  if (removed && definition) removeInstances(context, definition);
  if (!removed) return object(200, atVersion(gone, resource));
  if (['pods', 'services', 'namespaces'].includes(resource.plural) && resource.group === '')
    return object(200, atVersion(gone, resource));
  return object(
    200,
    success({
      name: target.name,
      ...(resource.group ? { group: resource.group } : {}),
      kind: resource.plural,
      ...(gone.metadata.uid ? { uid: gone.metadata.uid } : {}),
    }),
  );
}

async function removeAll(context: ServerContext, request: ApiRequest, target: ResourcePath): Promise<Reply> {
  const { resource } = target;
  const options = await deleteOptions(request);
  const byLabel = labelSelector(request.query.get('labelSelector') ?? undefined);
  const byField = fieldSelector(request.query.get('fieldSelector') ?? undefined, resource);
  const entries = context.storage
    .list(storageKey(resource), target.namespace)
    .filter((entry) => byLabel(entry.object) && byField(entry.object));
  const items = entries.map((entry) => atVersion(removeEntry(context, resource, entry, options).object, resource));
  return object(200, {
    kind: resource.listKind,
    apiVersion: apiVersion(resource),
    metadata: { resourceVersion: String(context.storage.revision) },
    items,
  });
}

async function handleSubresource(
  context: ServerContext,
  request: ApiRequest,
  target: ResourcePath,
  verb: string,
): Promise<Reply> {
  const { resource, namespace = '', name = '', subresource = '', rest } = target;
  const known = resource.subresources.get(subresource);
  if (!known) throw noSuchPath();
  const place = { ...named(target), subresource };
  if (subresource === 'proxy') {
    const answer =
      resource.plural === 'pods'
        ? await proxyToPod(context, request, namespace, name, rest)
        : resource.plural === 'services'
          ? await proxyToService(context, request, namespace, name, rest)
          : await proxyToNode(context, request, name, rest);
    return { kind: 'stream', answer };
  }
  if (subresource === 'log') return { kind: 'stream', answer: await podLogs(context, request, namespace, name) };
  if (['exec', 'attach', 'portforward'].includes(subresource))
    throw new StatusError(400, 'BadRequest', 'Upgrade request required');
  if (subresource === 'token')
    return object(201, requestToken(context, namespace, name, (await request.body()) as KubeObject));
  if (subresource === 'binding') return bind(context, request, place);
  if (subresource === 'eviction') return evict(context, request, place);
  if (subresource === 'scale') {
    if (verb === 'get') return object(200, readScale(context, place));
    return object(200, await writeScale(context, request, place, verb === 'patch'));
  }
  if (subresource === 'finalize') return finalize(context, request, place);
  if (verb === 'get') return shown(request, resource, atVersion(existing(context, place).object, resource));
  if (verb === 'update')
    return written(
      request,
      resource,
      await replaceObject(context, request, place, (await request.body()) as KubeObject),
    );
  if (verb === 'patch') return written(request, resource, await patch(context, request, place));
  throw methodNotAllowed();
}

/** pods/binding: the scheduler's word on where a pod runs. */
async function bind(context: ServerContext, request: ApiRequest, target: Target): Promise<Reply> {
  const { object: pod } = existing(context, target);
  const binding = (await request.body()) as KubeObject;
  const node = binding['target']?.name;
  if (!node) throw badRequest('Binding.target.name is required');
  if (pod['spec'].nodeName)
    throw conflict(
      target.resource,
      target.name,
      `pod ${target.name} is already assigned to node "${pod['spec'].nodeName}"`,
    );
  if (pod.metadata.deletionTimestamp)
    throw conflict(target.resource, target.name, `pod ${target.name} is being deleted, cannot be assigned to a host`);
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: timestamp() };
  const others = (pod['status']?.conditions ?? []).filter((one: any) => one.type !== 'PodScheduled');
  const { annotations } = binding.metadata ?? {};
  context.storage.put(storageKey(target.resource), {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(annotations ? { annotations: { ...pod.metadata.annotations, ...annotations } } : {}),
    },
    spec: { ...pod['spec'], nodeName: node },
    status: { ...pod['status'], conditions: [...others, scheduled] },
  });
  return object(201, { ...success(), code: 201 });
}

async function evict(context: ServerContext, request: ApiRequest, target: Target): Promise<Reply> {
  const eviction = (await request.body()) as any;
  if (!isDryRun(request)) takeFromBudget(context, target);
  await deleteObject(context, request, { ...target, subresource: undefined }, eviction?.deleteOptions ?? {});
  return object(201, success());
}

/** namespaces/finalize: the namespace controller's word that all is gone. */
async function finalize(context: ServerContext, request: ApiRequest, target: Target): Promise<Reply> {
  const { object: current } = existing(context, target);
  const body = (await request.body()) as KubeObject;
  const stored = context.storage.put(storageKey(target.resource), {
    ...current,
    metadata: { ...current.metadata },
    spec: { ...current['spec'], finalizers: body['spec']?.finalizers ?? [] },
  }).object;
  removeIfFinalized(context, target.resource, stored);
  return object(200, stored);
}

function handlePath(context: ServerContext, request: ApiRequest): Reply {
  const { path } = request;
  if (/^\/(healthz|livez|readyz)(\/.*)?$/.test(path))
    return { kind: 'text', status: 200, contentType: 'text/plain', text: 'ok' };
  const document = discoveryDocument(context, request);
  if (document) return { kind: 'text', status: 200, ...document };
  if (path === '/.well-known/openid-configuration')
    return object(200, {
      issuer: context.tokens.issuer,
      jwks_uri: '/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
  if (path === '/') {
    const paths = [
      '/api',
      '/api/v1',
      '/apis',
      ...context.resources
        .groupVersions()
        .flatMap(({ group, versions }) =>
          group ? [`/apis/${group}`, ...versions.map((version) => `/apis/${group}/${version}`)] : [],
        ),
      '/healthz',
      '/livez',
      '/openapi/v2',
      '/openapi/v3',
      '/readyz',
      '/version',
    ];
    return object(200, { paths: paths.sort() });
  }
  throw noSuchPath();
}

const optionKinds: Record<string, string> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
  delete: 'DeleteOptions',
};

/** A dry run that is asked for in a way that is not understood must not be a write. */
function checkDryRun(request: ApiRequest, verb: string): void {
  const kind = optionKinds[verb];
  const wrong = request.query.getAll('dryRun').filter((one) => one !== 'All');
  if (kind && wrong.length > 0)
    throw invalid(
      kind,
      'meta.k8s.io',
      '',
      wrong.map((one) => notSupported('dryRun', one, ['All'])),
    );
}

function verbOf(request: ApiRequest, target: ResourcePath): string {
  const { method, query } = request;
  const watching = query.get('watch') === 'true' || query.get('watch') === '1';
  if (method === 'GET' || method === 'HEAD') {
    if (target.isWatch) return 'watch';
    if (target.subresource || target.name) return 'get';
    return watching ? 'watch' : 'list';
  }
  if (method === 'POST' && (!target.name || target.subresource)) return 'create';
  if (method === 'PUT' && target.name) return 'update';
  if (method === 'PATCH' && target.name) return 'patch';
  if (method === 'DELETE') return target.name ? 'delete' : 'deletecollection';
  throw methodNotAllowed();
}

/** The old way to watch one object. */
function watchOfOne(request: ApiRequest, target: ResourcePath): ApiRequest {
  if (!target.name) return request;
  const query = new URLSearchParams(request.query);
  query.set('fieldSelector', `metadata.name=${target.name}`);
  return { ...request, query };
}

function named(target: ResourcePath): Target {
  return { resource: target.resource, namespace: target.namespace, name: target.name ?? '' };
}

function authorizePath(context: ServerContext, request: ApiRequest): void {
  const attributes = { verb: request.method.toLowerCase(), path: request.path };
  if (!isAllowed(context.storage, request.user, attributes))
    throw new StatusError(403, 'Forbidden', refusal(request.user, attributes), {});
}

export function authorizeResource(
  context: ServerContext,
  request: Pick<ApiRequest, 'user'>,
  target: ResourcePath,
  verb: string,
): void {
  const { resource, namespace, name, subresource } = target;
  const parts = name?.split(':') ?? [];
  const plainName = subresource === 'proxy' ? (parts.length === 3 ? parts[1] : parts[0]) : name;
  const attributes = {
    verb,
    group: resource.group,
    resource: subresource ? `${resource.plural}/${subresource}` : resource.plural,
    // For a namespace itself, rights inside of it count.
    namespace: namespace ?? (resource.plural === 'namespaces' ? name : undefined),
    name: plainName,
  };
  if (isAllowed(context.storage, request.user, attributes)) return;
  throw new StatusError(403, 'Forbidden', refusal(request.user, attributes), {
    ...(plainName ? { name: plainName } : {}),
    ...(resource.group ? { group: resource.group } : {}),
    kind: resource.plural,
  });
}

const object = (status: number, value: unknown): Reply => ({
  kind: 'text',
  status,
  contentType: 'application/json',
  text: JSON.stringify(value),
});

function shown(request: ApiRequest, resource: Resource, value: KubeObject): Reply {
  const form = formOf(request);
  if (form === 'table')
    return object(200, {
      ...tableOf(resource, request.query.get('includeObject'), [value]),
      metadata: { resourceVersion: value.metadata.resourceVersion },
    });
  return object(200, form === 'metadata' ? metadataOf(value) : value);
}

function written(request: ApiRequest, resource: Resource, result: WriteResult): Reply {
  const reply = shown(request, resource, atVersion(result.object, resource));
  return reply.kind === 'text' ? { ...reply, status: result.created ? 201 : 200, warnings: result.warnings } : reply;
}

/** events.k8s.io and core events are one storage; each needs the other's times to be readable. */
function withEventTimes(event: KubeObject, resource: Resource): KubeObject {
  if (resource.kind !== 'Event') return event;
  if (resource.group === '') return event;
  const { regarding, note, deprecatedCount, ...rest } = event;
  void deprecatedCount;
  return {
    ...rest,
    involvedObject: regarding,
    message: note,
    firstTimestamp: timestamp(),
    lastTimestamp: timestamp(),
    eventTime: event['eventTime'] ?? microTimestamp(),
  } as unknown as KubeObject;
}
