/** Which groups, versions and resources there are, in the forms that clients of all ages ask for; and their OpenAPI documents. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ApiRequest, ServerContext } from './context.ts';
import { openApiV2Protobuf, openApiV3Protobuf, protobufV2, protobufV3 } from './openapi-protobuf.ts';
import type { Resource, ResourceCatalogue } from './resources.ts';
import { noSuchPath } from './status.ts';

export const serverVersion = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.3',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-08-01T00:00:00Z',
  goVersion: '',
  compiler: 'none',
  platform: 'linux/amd64',
};

export interface Document {
  contentType: string;
  text: string | Buffer;
}

/** The document of a discovery path, or undefined where the path is none. */
export function discoveryDocument(context: ServerContext, request: ApiRequest): Document | undefined {
  const { resources } = context;
  const parts = request.path.split('/').filter(Boolean);
  const aggregated = /as=APIGroupDiscoveryList/.test(String(request.headers['accept'] ?? ''));
  if (request.path === '/version' || request.path === '/version/') return json(serverVersion);
  if (parts[0] === 'api' && parts.length === 1)
    return aggregated
      ? aggregatedList(resources, (group) => group === '', request)
      : json({
          kind: 'APIVersions',
          versions: ['v1'],
          serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '' }],
        });
  if (parts[0] === 'api' && parts.length === 2) return json(resourceList(resources, '', parts[1]!));
  if (parts[0] === 'apis' && parts.length === 1)
    return aggregated
      ? aggregatedList(resources, (group) => group !== '', request)
      : json({ kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(resources) });
  if (parts[0] === 'apis' && parts.length === 2) {
    const group = groupsOf(resources).find((one) => one.name === parts[1]);
    if (!group) throw noSuchPath();
    return json({ kind: 'APIGroup', apiVersion: 'v1', ...group });
  }
  if (parts[0] === 'apis' && parts.length === 3) return json(resourceList(resources, parts[1]!, parts[2]!));
  const protobuf = /proto-openapi/.test(String(request.headers['accept'] ?? ''));
  if (request.path === '/openapi/v2')
    return protobuf
      ? { contentType: protobufV2, text: openApiV2Protobuf(serverVersion.gitVersion) }
      : openApiV2(resources);
  if (protobuf && parts[0] === 'openapi' && parts.length > 2) {
    const [group, version] = parts[2] === 'api' ? ['', parts[3]] : [parts[3], parts[4]];
    const listed = resources.all().filter((one) => one.group === group && one.version === version);
    if (listed.length > 0)
      return { contentType: protobufV3, text: openApiV3Protobuf(listed, serverVersion.gitVersion) };
  }
  if (parts[0] === 'openapi' && parts[1] === 'v3') return openApiV3(resources, parts.slice(2).join('/'));
  return undefined;
}

const json = (value: unknown): Document => ({ contentType: 'application/json', text: JSON.stringify(value) });

function groupsOf(resources: ResourceCatalogue) {
  return resources
    .groupVersions()
    .filter(({ group }) => group !== '')
    .map(({ group, versions }) => {
      const listed = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
      return { name: group, versions: listed, preferredVersion: listed[0]! };
    });
}

function resourceList(resources: ResourceCatalogue, group: string, version: string) {
  const list = resources.all().filter((resource) => resource.group === group && resource.version === version);
  if (list.length === 0) throw noSuchPath();
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: list.flatMap((resource) => [
      {
        name: resource.plural,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: resource.verbs,
        ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
        ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
      },
      ...[...resource.subresources.values()].map((sub) => ({
        name: `${resource.plural}/${sub.name}`,
        singularName: '',
        namespaced: resource.namespaced,
        ...(sub.group === group && sub.version === version ? {} : { group: sub.group, version: sub.version }),
        kind: sub.kind,
        verbs: sub.verbs,
      })),
    ]),
  };
}

function aggregatedList(
  resources: ResourceCatalogue,
  chosen: (group: string) => boolean,
  request: ApiRequest,
): Document {
  const form =
    /v=v2beta1/.test(String(request.headers['accept'])) && !/v=v2[;,]/.test(`${request.headers['accept']},`)
      ? 'v2beta1'
      : 'v2';
  const items = resources
    .groupVersions()
    .filter(({ group }) => chosen(group))
    .map(({ group, versions }) => ({
      metadata: { ...(group ? { name: group } : {}), creationTimestamp: null },
      versions: versions.map((version) => ({
        version,
        resources: resources
          .all()
          .filter((resource) => resource.group === group && resource.version === version)
          .map(aggregatedResource),
        freshness: 'Current',
      })),
    }));
  return {
    contentType: `application/json;g=apidiscovery.k8s.io;v=${form};as=APIGroupDiscoveryList`,
    text: JSON.stringify({
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${form}`,
      metadata: {},
      items,
    }),
  };
}

function aggregatedResource(resource: Resource) {
  const kindOf = (one: { group: string; version: string; kind: string }) => ({
    group: one.group,
    version: one.version,
    kind: one.kind,
  });
  return {
    resource: resource.plural,
    responseKind: kindOf(resource),
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(resource.subresources.size > 0
      ? {
          subresources: [...resource.subresources.values()].map((sub) => ({
            subresource: sub.name,
            responseKind: kindOf(sub),
            verbs: sub.verbs,
          })),
        }
      : {}),
  };
}

const generated = (name: string): string =>
  gunzipSync(readFileSync(new URL(`generated/${name}`, import.meta.url))).toString('utf8');

/** Clients that want protocol buffers fall back to JSON by its content type. The document is not kept: it is large and asked for rarely. */
function openApiV2(resources: ResourceCatalogue): Document {
  const document = JSON.parse(generated('openapi-v2.json.gz'));
  for (const resource of resources.all()) {
    if (!resource.custom) continue;
    const reversed = resource.group.split('.').reverse().join('.');
    const { group, version, kind } = resource;
    document.definitions[`${reversed}.${version}.${kind}`] = customDefinition(resource, '#/definitions/');
    document.definitions[`${reversed}.${version}.${kind}`]['x-kubernetes-group-version-kind'] = [
      { group, version, kind },
    ];
  }
  return json(document);
}

function customDefinition(resource: Resource, prefix: string): any {
  const schema = structuredClone(
    resource.custom?.version.schema?.openAPIV3Schema ?? {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    },
  );
  schema.properties = {
    ...schema.properties,
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { $ref: `${prefix}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta` },
  };
  return schema;
}

function openApiV3(resources: ResourceCatalogue, path: string): Document {
  const documents: Record<string, any> = JSON.parse(generated('openapi-v3.json.gz'));
  const customs = resources
    .groupVersions()
    .flatMap(({ group, versions }) =>
      versions
        .filter((version) =>
          resources.all().some((one) => one.custom && one.group === group && one.version === version),
        )
        .map((version) => `apis/${group}/${version}`),
    );
  if (path === '') {
    const names = [...Object.keys(documents), ...customs];
    // The hash is part of the address, so that a client's cache notices a change.
    const entry = (name: string) => {
      const basis = customs.includes(name) ? `${name}:${resources.generation}` : name + serverVersion.gitVersion;
      return {
        serverRelativeURL: `/openapi/v3/${name}?hash=${createHash('sha256').update(basis).digest('hex').slice(0, 32).toUpperCase()}`,
      };
    };
    return json({ paths: Object.fromEntries(names.map((name) => [name, entry(name)])) });
  }
  if (documents[path]) return json(documents[path]);
  if (!customs.includes(path)) throw noSuchPath();
  const [, group, version] = path.split('/') as [string, string, string];
  return json(customDocument(resources, documents, group, version));
}

function customDocument(resources: ResourceCatalogue, documents: Record<string, any>, group: string, version: string) {
  const prefix = '#/components/schemas/';
  const meta = documents['api/v1'].components.schemas;
  const schemas: Record<string, any> = {};
  for (const name of Object.keys(meta)) if (name.startsWith('io.k8s.apimachinery.')) schemas[name] = meta[name];
  const paths: Record<string, any> = {};
  const reversed = group.split('.').reverse().join('.');
  for (const resource of resources.all()) {
    if (!resource.custom || resource.group !== group || resource.version !== version) continue;
    const name = `${reversed}.${version}.${resource.kind}`;
    const gvk = { group, version, kind: resource.kind };
    schemas[name] = { ...customDefinition(resource, prefix), 'x-kubernetes-group-version-kind': [gvk] };
    const base = `/apis/${group}/${version}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
    const operation = (action: string) => ({
      responses: { 200: { description: 'OK', content: { 'application/json': { schema: { $ref: prefix + name } } } } },
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': gvk,
    });
    paths[base] = { get: operation('list'), post: operation('post') };
    paths[`${base}/{name}`] = {
      get: operation('get'),
      put: operation('put'),
      patch: operation('patch'),
      delete: operation('delete'),
    };
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' },
    paths,
    components: { schemas },
  };
}
