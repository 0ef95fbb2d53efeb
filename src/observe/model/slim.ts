/** Objects as they are kept: without what nobody asks of them, since five thousand workloads are to fit into little memory. */
import type { KubeObject, ManagedFieldsEntry, Pod } from '../../kube/index.ts';

/** Keeps of managed fields the newest entry's manager and time, which say by whom the object was changed. */
export function slim<T extends KubeObject>(object: T): T {
  const { metadata } = object;
  const newest = newestEntry(metadata.managedFields);
  if (metadata.managedFields) metadata.managedFields = newest ? [newest] : [];
  const annotations = metadata.annotations;
  if (annotations) delete annotations['kubectl.kubernetes.io/last-applied-configuration'];
  return object;
}

const ofPods = ['volumes', 'tolerations', 'affinity', 'topologySpreadConstraints', 'imagePullSecrets'];
const ofContainers = [
  'volumeMounts',
  'resources',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'securityContext',
  'terminationMessagePath',
  'terminationMessagePolicy',
];

/**
 * A pod that somebody owns is told of by its owner's template; of the pod itself counts what runs in it and how it is. An injected pod is
 * nine tenths mounts and probes.
 */
export function slimPod(pod: Pod): Pod {
  slim(pod);
  if (!pod.metadata.ownerReferences?.length) return pod;
  const { spec } = pod as { spec: Record<string, any> };
  for (const field of ofPods) delete spec[field];
  for (const one of [...(spec['containers'] ?? []), ...(spec['initContainers'] ?? [])])
    for (const field of ofContainers) delete one[field];
  return pod;
}

/** Status writes of controllers do not count: they say what became of the object, not who wanted it so. */
function newestEntry(entries: ManagedFieldsEntry[] | undefined): ManagedFieldsEntry | undefined {
  const wanted = (entries ?? []).filter((one) => one.subresource !== 'status');
  const newest = wanted.reduce<ManagedFieldsEntry | undefined>(
    (best, one) => (best && (best.time ?? '') >= (one.time ?? '') ? best : one),
    undefined,
  );
  if (!newest) return undefined;
  const { fieldsV1: _, ...rest } = newest;
  return rest;
}
