/** Tables of volumes, their claims and their classes. */
import { age, orNone, type Printer } from './table-cells.ts';

const shortModes: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const modes = (list: string[] | undefined): string => (list ?? []).map((mode) => shortModes[mode] ?? mode).join(',');
const phase = (one: any): string => (one.metadata.deletionTimestamp ? 'Terminating' : (one.status?.phase ?? ''));

export const storagePrinters: Record<string, Printer> = {
  '/persistentvolumeclaims': {
    columns: [
      ['Name'],
      ['Status'],
      ['Volume'],
      ['Capacity'],
      ['Access Modes'],
      ['StorageClass'],
      ['VolumeAttributesClass'],
      ['Age'],
      ['VolumeMode', true],
    ],
    cells: (one) => [
      one.metadata.name,
      phase(one),
      one.spec.volumeName ?? '',
      one.spec.volumeName ? (one.status?.capacity?.storage ?? '0') : '',
      one.spec.volumeName ? modes(one.status?.accessModes) : '',
      one.spec.storageClassName ?? '',
      one.spec.volumeAttributesClassName ?? '<unset>',
      age(one),
      one.spec.volumeMode ?? '<unset>',
    ],
  },
  '/persistentvolumes': {
    columns: [
      ['Name'],
      ['Capacity'],
      ['Access Modes'],
      ['Reclaim Policy'],
      ['Status'],
      ['Claim'],
      ['StorageClass'],
      ['VolumeAttributesClass'],
      ['Reason'],
      ['Age'],
      ['VolumeMode', true],
    ],
    cells: (one) => [
      one.metadata.name,
      one.spec.capacity?.storage ?? '',
      modes(one.spec.accessModes),
      one.spec.persistentVolumeReclaimPolicy,
      phase(one),
      one.spec.claimRef ? `${one.spec.claimRef.namespace}/${one.spec.claimRef.name}` : '',
      one.spec.storageClassName ?? '',
      one.spec.volumeAttributesClassName ?? '<unset>',
      one.status?.reason ?? '',
      age(one),
      one.spec.volumeMode ?? '<unset>',
    ],
  },
  'storage.k8s.io/storageclasses': {
    columns: [['Name'], ['Provisioner'], ['ReclaimPolicy'], ['VolumeBindingMode'], ['AllowVolumeExpansion'], ['Age']],
    cells: (one) => {
      const isDefault = one.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true';
      return [
        isDefault ? `${one.metadata.name} (default)` : one.metadata.name,
        one.provisioner,
        one.reclaimPolicy ?? 'Delete',
        orNone(one.volumeBindingMode),
        String(one.allowVolumeExpansion ?? false),
        age(one),
      ];
    },
  },
};
