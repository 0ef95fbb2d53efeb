/** PeerAuthentication: which mutual TLS a workload's port asks for, and which object says so. */
import type { KubeObject } from '../../../kube/index.ts';
import { inIstiosOrder, selects } from './hosts.ts';

export type MtlsMode = 'PERMISSIVE' | 'STRICT' | 'DISABLE';

export interface MtlsDecision {
  mode: MtlsMode;
  /** Undefined: none says anything, and Istio's default holds. */
  object: KubeObject | undefined;
  field: string;
}

/**
 * From the mesh to the namespace to the workload to the port, the narrower goes before the wider, UNSET inherits, and of several on one
 * level the oldest holds. Ports count in objects with a selector only, and are the workload's, not the service's.
 * @param port the port on which the workload listens
 */
export function mtlsModeOf(
  all: readonly KubeObject[],
  workload: { namespace: string; labels: Record<string, string> },
  port: number | undefined,
  rootNamespace: string,
): MtlsDecision {
  const ordered = inIstiosOrder(all);
  const hasSelector = (one: KubeObject): boolean => Object.keys(one['spec']?.selector?.matchLabels ?? {}).length > 0;
  const wide = (namespace: string) => ordered.find((one) => one.metadata.namespace === namespace && !hasSelector(one));
  const own = ordered.find(
    (one) =>
      one.metadata.namespace === workload.namespace &&
      hasSelector(one) &&
      selects(one['spec'].selector.matchLabels, workload.labels),
  );
  let decision: MtlsDecision = { mode: 'PERMISSIVE', object: undefined, field: '' };
  const take = (object: KubeObject | undefined, mode: string | undefined, field: string): void => {
    if (object && mode && mode !== 'UNSET') decision = { mode: mode as MtlsMode, object, field };
  };
  for (const object of [
    wide(rootNamespace),
    workload.namespace === rootNamespace ? undefined : wide(workload.namespace),
    own,
  ])
    take(object, object?.['spec']?.mtls?.mode, 'spec.mtls.mode');
  if (port !== undefined) take(own, own?.['spec']?.portLevelMtls?.[port]?.mode, `spec.portLevelMtls.${port}.mode`);
  return decision;
}
