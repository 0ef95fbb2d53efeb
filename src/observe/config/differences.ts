/** What should be the same in several clusters: configuration that several control planes read, and services that the mesh joins. */
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { apiVersionOf, type KubeObject, kinds } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { istioKinds } from '../model/observed-kinds.ts';
import type { ConfigDifference, NamespaceKey } from '../types/index.ts';
import { readsConfiguration } from './index-by-service.ts';

type Place = { cluster: ClusterModel; object: KubeObject };

const reasons = {
  config:
    'each control plane reads the configuration of its own cluster only, so that proxies of different primaries follow different rules',
  service:
    'the mesh joins services of one name and namespace: ports come from the first cluster, and endpoints are matched by port name',
};

export function configDifferences(
  clusters: ClusterModel[],
  isWanted: (where: NamespaceKey) => boolean,
): ConfigDifference[] {
  const readers = clusters.filter(readsConfiguration);
  const config =
    readers.length < 2
      ? []
      : istioKinds.flatMap((kind) => compare(kind, readers, isWanted, (one) => one['spec'], true, reasons.config));
  return [...config, ...compare('Service', clusters, isWanted, comparableService, false, reasons.service)];
}

/** Of a service only what the mesh joins: ports and selector; addresses differ by nature. */
function comparableService(service: KubeObject): unknown {
  const { ports = [] } = service['spec'] ?? {};
  return {
    ports: ports.map(({ name = '', port, protocol = 'TCP', appProtocol }: any) => ({
      name,
      port,
      protocol,
      ...(appProtocol ? { appProtocol } : {}),
    })),
  };
}

function compare(
  kind: 'Service' | (typeof istioKinds)[number],
  clusters: ClusterModel[],
  isWanted: (where: NamespaceKey) => boolean,
  contentOf: (object: KubeObject) => unknown,
  tellMissing: boolean,
  why: string,
): ConfigDifference[] {
  const found = new Map<string, Place[]>();
  for (const cluster of clusters)
    for (const object of cluster.list(kind)) {
      const { namespace = '', name = '' } = object.metadata;
      // The control plane's own objects are each cluster's.
      if (
        !isWanted({ cluster: cluster.name, namespace }) ||
        cluster.rootNamespaces.includes(namespace) ||
        namespace.startsWith('kube-')
      )
        continue;
      const key = `${namespace}/${name}`;
      found.set(key, [...(found.get(key) ?? []), { cluster, object }]);
    }
  return [...found.values()].flatMap((places) => {
    const variants = variantsOf(places, contentOf);
    const { namespace = '', name = '' } = places[0]!.object.metadata;
    const missing = tellMissing
      ? clusters.filter((one) => one.api.reachable && !places.some(({ cluster }) => cluster === one))
      : [];
    if (variants.length < 2 && missing.length === 0) return [];
    return [
      {
        kind,
        apiVersion: apiVersionOf(kinds[kind]),
        namespace,
        name,
        variants: variants.map((one) => ({ clusters: one.clusters, yaml: stringify(one.content) })),
        missingIn: missing.map((one) => one.name),
        fields: variants.length < 2 ? [] : differingFields(variants),
        why,
      },
    ];
  });
}

interface Variant {
  clusters: string[];
  content: unknown;
}

function variantsOf(places: Place[], contentOf: (object: KubeObject) => unknown): Variant[] {
  const variants: Variant[] = [];
  for (const { cluster, object } of places) {
    const content = contentOf(object);
    const same = variants.find((one) => isDeepStrictEqual(one.content, content));
    if (same) same.clusters.push(cluster.name);
    else variants.push({ clusters: [cluster.name], content });
  }
  return variants;
}

function differingFields(variants: Variant[]): ConfigDifference['fields'] {
  const flat = variants.map((one) => ({ clusters: one.clusters, leaves: flatten(one.content) }));
  const paths = new Set(flat.flatMap((one) => [...one.leaves.keys()]));
  return [...paths]
    .filter((path) => new Set(flat.map((one) => one.leaves.get(path))).size > 1)
    .map((path) => ({
      path,
      values: flat.flatMap((one) =>
        one.clusters.map((cluster) => ({ cluster, value: one.leaves.get(path) ?? '(none)' })),
      ),
    }));
}

/** Leaves by their path, as text. */
export function flatten(value: unknown, path = ''): Map<string, string> {
  if (value === null || typeof value !== 'object') return new Map(value === undefined ? [] : [[path, String(value)]]);
  const entries = Array.isArray(value)
    ? value.map((one, index) => [`${path}[${index}]`, one] as const)
    : Object.entries(value).map(([key, one]) => [path ? `${path}.${key}` : key, one] as const);
  return new Map(entries.flatMap(([key, one]) => [...flatten(one, key)]));
}
