/** Which objects are ours: those that we have made, and those of others in which we have only set fields. */
import { type Kind, KubeApiError, type KubeClient, type KubeObject, kinds } from '../kube/index.ts';
import { type DesiredObject, fieldManager } from './part.ts';

/** Kubernetes' recommended label for the tool that manages an object. It is set on what we create and on nothing else. */
const ownerLabel = 'app.kubernetes.io/managed-by';
export const ownerSelector = `${ownerLabel}=${fieldManager}`;

/** All kinds that parts put into clusters, in the order in which they are taken away again. */
export const ownedKinds: Kind[] = [
  kinds.MutatingWebhookConfiguration,
  kinds.ValidatingWebhookConfiguration,
  kinds.Gateway,
  kinds.VirtualService,
  kinds.DestinationRule,
  kinds.PeerAuthentication,
  kinds.EnvoyFilter,
  kinds.Telemetry,
  kinds.HorizontalPodAutoscaler,
  kinds.PodDisruptionBudget,
  kinds.Ingress,
  kinds.NetworkPolicy,
  kinds.Deployment,
  kinds.Service,
  kinds.Endpoints,
  kinds.EndpointSlice,
  kinds.Secret,
  kinds.ConfigMap,
  kinds.RoleBinding,
  kinds.Role,
  kinds.ClusterRoleBinding,
  kinds.ClusterRole,
  kinds.ServiceAccount,
  kinds.L2Advertisement,
  kinds.IPAddressPool,
  kinds.Namespace,
  kinds.CustomResourceDefinition,
];

/** As it is applied: with the label where the object is ours or is about to be made by us. */
export function stated(object: DesiredObject, before: KubeObject | undefined): DesiredObject {
  if (before && !hasLabel(before)) return object;
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, [ownerLabel]: fieldManager } } };
}

const hasLabel = ({ metadata }: KubeObject): boolean => metadata.labels?.[ownerLabel] === fieldManager;

/** Whether fields of it are ours. Who has given up all may still be named, with none. */
export const isTouched = ({ metadata }: KubeObject): boolean =>
  (metadata.managedFields ?? []).some(
    ({ manager, operation, fieldsV1 = {} }) =>
      manager === fieldManager && operation === 'Apply' && Object.keys(fieldsV1).length > 0,
  );

/** Whether we have made it. Controllers copy labels, as from a Service to its EndpointSlices: the label alone is no proof. */
export const isOwned = (object: KubeObject): boolean =>
  hasLabel(object) && isTouched(object) && (object.metadata.ownerReferences ?? []).length === 0;

export interface Found {
  kind: Kind;
  object: KubeObject;
}

/** Objects of those kinds that a cluster serves, in the order of removal. */
export async function findObjects(
  client: Pick<KubeClient, 'list'>,
  keep: (object: KubeObject) => boolean,
  labelSelector?: string,
): Promise<Found[]> {
  const found = await Promise.all(
    ownedKinds.map(async (kind) => {
      const { items } = await client.list(kind, labelSelector ? { labelSelector } : {}).catch((error) => {
        // A kind whose definition is not there has no objects.
        if (error instanceof KubeApiError && error.status === 404) return { items: [] };
        throw error;
      });
      return items.filter(keep).map((object): Found => ({ kind, object }));
    }),
  );
  return found.flat();
}

/** Kind, and namespace/name. */
export const nameOf = ({ kind, metadata }: Pick<KubeObject, 'kind' | 'metadata'>): string =>
  `${kind ?? ''} ${[metadata.namespace, metadata.name].filter(Boolean).join('/')}`;

/** The same for an object whoever tells of it. */
export const keyOf = ({ cluster, object }: { cluster: string; object: KubeObject }): string =>
  `${cluster} ${nameOf(object)}`;
