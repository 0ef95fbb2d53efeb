/** Which volume fits a claim, and the volume that is made for one: a folder of this machine, as minikube's class `standard` gives. */
import type { KubeObject } from '../../kube/index.ts';
import { matches } from './controller.ts';

export const provisioner = 'isthmus.dev/local-path';

export const referenceTo = ({ metadata: { name, namespace, uid, resourceVersion } }: KubeObject) => ({
  kind: 'PersistentVolumeClaim',
  apiVersion: 'v1',
  name,
  namespace,
  uid,
  resourceVersion,
});

const units: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

function bytes(quantity: string | undefined): number {
  const [, number, unit = ''] = /^([\d.]+)([a-zA-Z]*)$/.exec(quantity ?? '') ?? [];
  return Number(number ?? 0) * (units[unit] ?? Number.NaN);
}

/** Class, access modes, size, mode and selector, as the binder compares them. */
export function fits(volume: KubeObject, claim: KubeObject): boolean {
  const { spec } = volume;
  const wanted = claim['spec'];
  return (
    (spec.storageClassName ?? '') === (wanted.storageClassName ?? '') &&
    (wanted.accessModes ?? []).every((mode: string) => spec.accessModes?.includes(mode)) &&
    (spec.volumeMode ?? 'Filesystem') === (wanted.volumeMode ?? 'Filesystem') &&
    bytes(spec.capacity?.storage) >= bytes(wanted.resources?.requests?.storage) &&
    matches(wanted.selector, volume.metadata.labels)
  );
}

/** @param folder where the folders of volumes are */
export function provisionedVolume(claim: KubeObject, storageClass: KubeObject, folder: string): KubeObject {
  const name = `pvc-${claim.metadata.uid}`;
  const { accessModes, resources, volumeMode } = claim['spec'];
  return {
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } },
    spec: {
      capacity: { storage: resources?.requests?.storage },
      accessModes,
      ...(volumeMode ? { volumeMode } : {}),
      persistentVolumeReclaimPolicy: storageClass['reclaimPolicy'] ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      claimRef: referenceTo(claim),
      hostPath: { path: `${folder}/${name}`, type: 'DirectoryOrCreate' },
    },
  };
}
