/** The fields that the server keeps: a client can neither set them nor lose them, and each subresource changes its own part only. */
import type { KubeObject } from '../../kube/index.ts';
import type { Resource } from './resources.ts';

export function setManagers(object: KubeObject, managedFields: KubeObject['metadata']['managedFields']): void {
  if (managedFields?.length) object.metadata.managedFields = managedFields;
  else delete object.metadata.managedFields;
}

export function stripServerFields(object: KubeObject): void {
  for (const field of [
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'managedFields',
    'selfLink',
  ])
    delete (object.metadata as Record<string, unknown>)[field];
}

export function keepServerFields(wanted: KubeObject, old: KubeObject): KubeObject {
  const {
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    managedFields,
  } = old.metadata;
  const metadata: Record<string, unknown> = { ...wanted.metadata };
  const kept = {
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    managedFields,
  };
  for (const [name, value] of Object.entries(kept)) {
    if (value === undefined) delete metadata[name];
    else metadata[name] = value;
  }
  return { ...wanted, metadata };
}

/** Kinds whose status is written through the status subresource only. */
export function dropStatus(object: KubeObject, resource: Resource, old: KubeObject | undefined): void {
  if (!resource.subresources.has('status')) return;
  if (old?.['status'] !== undefined) object['status'] = old['status'];
  else delete object['status'];
}

/** The stored object with the status that is wanted: all else of the body is ignored. */
export function withStatusOnly(object: KubeObject, old: KubeObject): KubeObject {
  const { status: _, ...rest } = old;
  return { ...rest, ...(object['status'] === undefined ? {} : { status: object['status'] }) };
}

/** Ephemeral containers are added by their own subresource, which changes nothing else. */
export function withDebuggers(object: KubeObject, old: KubeObject, subresource: string | undefined): KubeObject {
  const [changed, kept] = subresource === 'ephemeralcontainers' ? [object, old] : [old, object];
  const { ephemeralContainers: _, ...spec } = kept['spec'];
  const added = changed['spec'].ephemeralContainers;
  return { ...kept, spec: { ...spec, ...(added ? { ephemeralContainers: added } : {}) } };
}

/** Kinds without a spec have no generation, except webhook configurations. */
export function hasGeneration(resource: Resource): boolean {
  if (resource.custom) return true;
  if (resource.group === 'admissionregistration.k8s.io') return true;
  return (
    ['apps', 'batch', 'policy', 'networking.k8s.io', 'apiextensions.k8s.io', 'discovery.k8s.io'].includes(
      resource.group,
    ) ||
    (resource.group === '' && ['pods', 'replicationcontrollers'].includes(resource.plural))
  );
}
