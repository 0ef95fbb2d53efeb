/** Which resources are served: built-in ones from generated discovery data, and those that CustomResourceDefinitions add. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { KubeObject } from '../../kube/index.ts';

export interface Subresource {
  name: string;
  kind: string;
  group: string;
  version: string;
  verbs: string[];
}

export interface Resource {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  listKind: string;
  namespaced: boolean;
  verbs: string[];
  shortNames: string[];
  categories: string[];
  subresources: Map<string, Subresource>;
  /** Set for custom resources: the version entry of the definition. */
  custom?: { definition: KubeObject; version: any };
}

/** Under which objects are kept: versions of one resource share their storage. */
export const storageKey = (resource: { group: string; plural: string }): string =>
  `${resource.group}/${resource.plural}`;

export const apiVersion = (resource: { group: string; version: string }): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;

export class ResourceCatalogue {
  readonly #builtin: Map<string, Resource>;
  readonly #custom = new Map<string, Resource>();
  /** Grows with each change, for caches of discovery documents. */
  generation = 0;

  constructor() {
    this.#builtin = new Map([...readBuiltin(), ...measured].map((resource) => [keyOf(resource), resource]));
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    const key = `${group}/${version}/${plural}`;
    return this.#builtin.get(key) ?? this.#custom.get(key);
  }

  all(): Resource[] {
    return [...this.#builtin.values(), ...this.#custom.values()];
  }

  /** Any version of a kind, the one that is named if there is one. */
  ofKind(group: string, kind: string, version?: string): Resource | undefined {
    const candidates = this.all().filter((resource) => resource.group === group && resource.kind === kind);
    return candidates.find((resource) => resource.version === version) ?? candidates[0];
  }

  groupVersions(): { group: string; versions: string[] }[] {
    const groups = new Map<string, Set<string>>();
    for (const { group, version } of this.all()) {
      const versions = groups.get(group) ?? new Set();
      groups.set(group, versions.add(version));
    }
    return [...groups].map(([group, versions]) => ({ group, versions: [...versions].sort(byPriority) }));
  }

  /** Takes the served versions of a definition into the catalogue, replacing what the same definition gave before. */
  define(definition: KubeObject): void {
    this.undefine(definition.metadata.name ?? '');
    const { group, names, scope, versions } = definition['spec'];
    for (const version of versions) {
      if (!version.served) continue;
      const subresources = new Map<string, Subresource>();
      const verbs = ['get', 'patch', 'update'];
      if (version.subresources?.status)
        subresources.set('status', { name: 'status', kind: names.kind, group, version: version.name, verbs });
      if (version.subresources?.scale)
        subresources.set('scale', { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs });
      const resource: Resource = {
        group,
        version: version.name,
        plural: names.plural,
        singular: names.singular ?? names.kind.toLowerCase(),
        kind: names.kind,
        listKind: names.listKind ?? `${names.kind}List`,
        namespaced: scope === 'Namespaced',
        verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        subresources,
        custom: { definition, version },
      };
      this.#custom.set(keyOf(resource), resource);
    }
    this.generation++;
  }

  undefine(definitionName: string): void {
    for (const [key, resource] of this.#custom)
      if (resource.custom?.definition.metadata.name === definitionName) this.#custom.delete(key);
    this.generation++;
  }
}

/** What an aggregated API server would serve: nothing of it is stored. */
const measured: Resource[] = [
  { plural: 'nodes', kind: 'NodeMetrics', namespaced: false },
  { plural: 'pods', kind: 'PodMetrics', namespaced: true },
].map((one) => ({
  ...one,
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  singular: '',
  listKind: `${one.kind}List`,
  verbs: ['get', 'list'],
  shortNames: [],
  categories: [],
  subresources: new Map(),
}));

const keyOf = (resource: Resource): string => `${resource.group}/${resource.version}/${resource.plural}`;

/** Kubernetes' order of versions: v2 before v1 before v1beta1 before v1alpha1. */
function byPriority(a: string, b: string): number {
  const rank = (version: string): [number, number, number] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (!match) return [0, 0, 0];
    return [match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [ra, rb] = [rank(a), rank(b)];
  return rb[0] - ra[0] || rb[1] - ra[1] || rb[2] - ra[2];
}

function readBuiltin(): Resource[] {
  const file = new URL('generated/discovery.json.gz', import.meta.url);
  const groups: any[] = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
  const own = (group: string, version: string, kind: any) => ({
    kind: kind.kind,
    group: kind.group || group,
    version: kind.version || version,
  });
  return groups.flatMap((group) => {
    const name = group.metadata?.name ?? '';
    return group.versions.flatMap((version: any) =>
      version.resources.map(
        (entry: any): Resource => ({
          group: name,
          version: version.version,
          plural: entry.resource,
          singular: entry.singularResource,
          kind: entry.responseKind.kind,
          listKind: `${entry.responseKind.kind}List`,
          namespaced: entry.scope === 'Namespaced',
          verbs: entry.verbs,
          shortNames: entry.shortNames ?? [],
          categories: entry.categories ?? [],
          subresources: new Map(
            (entry.subresources ?? []).map((sub: any) => [
              sub.subresource,
              { name: sub.subresource, verbs: sub.verbs, ...own(name, version.version, sub.responseKind) },
            ]),
          ),
        }),
      ),
    );
  });
}
