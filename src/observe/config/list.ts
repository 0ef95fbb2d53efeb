/** Istio's configuration over all clusters. */
import { isDeepStrictEqual } from 'node:util';
import { apiVersionOf, type KubeObject, kinds } from '../../kube/index.ts';
import { withoutBookkeeping, yamlOf } from '../entities/yaml.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { type IstioKind, istioKinds } from '../model/observed-kinds.ts';
import type { IstioConfigDetails, IstioConfigItem, IstioValidation, NamespaceKey, ObjectKey } from '../types/index.ts';
import { isInEffect } from './in-effect.ts';
import { keyOfObject } from './references.ts';

export type ValidationOf = (cluster: string, kind: IstioKind, object: KubeObject) => IstioValidation;

export function configItems(
  clusters: ClusterModel[],
  isWanted: (where: NamespaceKey) => boolean,
  validationOf: ValidationOf,
): IstioConfigItem[] {
  return clusters.flatMap((cluster) =>
    istioKinds.flatMap((kind) =>
      cluster
        .list(kind)
        .filter((one) => isWanted({ cluster: cluster.name, namespace: one.metadata.namespace ?? '' }))
        .map((object) => configItem(clusters, cluster, kind, object, validationOf)),
    ),
  );
}

function configItem(
  clusters: ClusterModel[],
  cluster: ClusterModel,
  kind: IstioKind,
  object: KubeObject,
  validationOf: ValidationOf,
): IstioConfigItem {
  const { metadata } = object;
  const { namespace = '', name = '', labels = {}, resourceVersion = '', creationTimestamp } = metadata;
  const newest = metadata.managedFields?.[0];
  const isRead = isInEffect(cluster, kind, object);
  return {
    ...keyOfObject(cluster.name, kind, metadata),
    labels,
    resourceVersion,
    ...(creationTimestamp ? { createdAt: creationTimestamp } : {}),
    ...(newest?.time ? { updatedAt: newest.time } : {}),
    ...(newest?.manager ? { updatedBy: newest.manager } : {}),
    inEffect: isRead,
    ...(isRead
      ? {}
      : {
          notInEffectWhy: `no istiod runs in ${cluster.name}: the control plane that serves it reads configuration in its own cluster`,
        }),
    elsewhere: clusters.flatMap((other) => {
      const twin = other === cluster ? undefined : other.get(kind, namespace, name);
      return twin ? [{ cluster: other.name, same: isDeepStrictEqual(twin['spec'], object['spec']) }] : [];
    }),
    validation: validationOf(cluster.name, kind, object),
  };
}

export async function configDetails(
  clusters: ClusterModel[],
  cluster: ClusterModel,
  kind: IstioKind,
  namespace: string,
  name: string,
  options: { validationOf: ValidationOf; editable: boolean },
): Promise<IstioConfigDetails | undefined> {
  const object = cluster.get(kind, namespace, name);
  if (!object) return undefined;
  const item = configItem(clusters, cluster, kind, object, options.validationOf);
  const schema = await schemaOf(cluster, kind);
  return {
    ...item,
    resource: withoutBookkeeping(object) as Record<string, unknown>,
    yaml: yamlOf(object),
    references: item.validation.references.map((one): ObjectKey => keyOfObject(one.cluster, one.objectGVK.Kind, one)),
    editable: options.editable,
    ...(schema ? { schema } : {}),
  };
}

/** The schema by which the API server itself judges; undefined where it has none or we may not read it. */
export async function schemaOf(cluster: ClusterModel, kind: IstioKind): Promise<Record<string, unknown> | undefined> {
  const { group, plural, version } = kinds[kind];
  const definition = await cluster.client
    .get(kinds.CustomResourceDefinition, `${plural}.${group}`)
    .catch(() => undefined);
  const versions: any[] = definition?.['spec']?.versions ?? [];
  return (versions.find((one) => one.name === version) ?? versions[0])?.schema?.openAPIV3Schema;
}

/** The Istio kind that a path names, as in networking.istio.io/v1/VirtualService; plural and any case are taken as well. */
export function istioKindOf(group: string, version: string, name: string): IstioKind | undefined {
  const wanted = name.toLowerCase();
  return istioKinds.find((kind) => {
    const known = kinds[kind];
    const isName = known.kind.toLowerCase() === wanted || known.plural === wanted;
    return isName && known.group === group && (known.version === version || apiVersionOf(known).startsWith(group));
  });
}

/** Kinds that the cluster serves, as far as is known. */
export const istioKindsOf = (cluster: ClusterModel): IstioKind[] => istioKinds.filter((kind) => cluster.serves(kind));
