/** Who may name objects of another namespace: ReferenceGrants, which stand where those objects are. */
import type { KubeObject } from '../../../kube/index.ts';
import { group } from './types.ts';

export interface Reference {
  from: { kind: string; namespace: string };
  to: { group: string; kind: string; namespace: string; name: string };
}

/** Objects of one namespace may always name each other. */
export function isGranted(grants: readonly KubeObject[], { from, to }: Reference): boolean {
  if (from.namespace === to.namespace) return true;
  return grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === to.namespace &&
      (spec.from ?? []).some(
        (one: any) => one.group === group && one.kind === from.kind && one.namespace === from.namespace,
      ) &&
      (spec.to ?? []).some(
        (one: any) =>
          (one.group ?? '') === to.group && one.kind === to.kind && (one.name === undefined || one.name === to.name),
      ),
  );
}
