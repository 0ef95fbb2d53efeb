/** The claims of a StatefulSet's pods. They outlive pods and set unless persistentVolumeClaimRetentionPolicy says otherwise. */
import { isAlreadyExists, type KubeObject, kinds, type OwnerReference, type Pod } from '../../kube/index.ts';
import { type ControllerContext, controlledBy, isEqual } from './controller.ts';
import { claimName } from './stateful-set-pods.ts';

/** Creates what is missing of the claims of these pods, and sets their owners as the policy asks. */
export async function keepClaims(context: ControllerContext, set: KubeObject, pods: Pod[]): Promise<void> {
  const { namespace } = set.metadata;
  const owners = set['spec'].persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete' ? [ownedBy(set)] : [];
  for (const pod of pods)
    for (const template of set['spec'].volumeClaimTemplates ?? []) {
      const name = claimName(template.metadata.name, pod.metadata.name!);
      const known = context.informer(kinds.PersistentVolumeClaim).get(namespace, name);
      if (known) {
        const others = (known.metadata.ownerReferences ?? []).filter((one) => one.kind !== 'StatefulSet');
        const wanted = [...others.filter((one) => one.kind !== 'Pod'), ...owners];
        if (!isEqual(wanted, known.metadata.ownerReferences ?? [])) await setOwners(context, known, wanted);
        continue;
      }
      await context.client
        .create(kinds.PersistentVolumeClaim, {
          metadata: {
            ...template.metadata,
            name,
            namespace: namespace!,
            labels: { ...template.metadata.labels, ...set['spec'].selector.matchLabels },
            ...(owners.length > 0 ? { ownerReferences: owners } : {}),
          },
          spec: template.spec,
        })
        .catch((error) => {
          if (!isAlreadyExists(error)) throw error;
        });
    }
}

/** Before a pod goes because the set became smaller: with whenScaled Delete its claims belong to it, and go with it. */
export async function releaseClaims(context: ControllerContext, set: KubeObject, pod: Pod): Promise<void> {
  if (set['spec'].persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return;
  for (const template of set['spec'].volumeClaimTemplates ?? []) {
    const name = claimName(template.metadata.name, pod.metadata.name!);
    const claim = context.informer(kinds.PersistentVolumeClaim).get(set.metadata.namespace, name);
    if (claim) await setOwners(context, claim, [{ ...controlledBy(kinds.Pod, pod), controller: false }]);
  }
}

const ownedBy = (set: KubeObject): OwnerReference => ({ ...controlledBy(kinds.StatefulSet, set), controller: false });

async function setOwners(context: ControllerContext, claim: KubeObject, ownerReferences: unknown[]): Promise<void> {
  const { name = '', namespace } = claim.metadata;
  await context.client.patch(
    kinds.PersistentVolumeClaim,
    name,
    namespace,
    { metadata: { ownerReferences } },
    { type: 'merge' },
  );
}
