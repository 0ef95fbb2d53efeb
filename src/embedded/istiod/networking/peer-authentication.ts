/** PeerAuthentication: which mutual TLS a workload asks for (mesh, namespace, workload, port; the oldest of a level wins). */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshSnapshot } from '../model.ts';

export type MtlsMode = 'PERMISSIVE' | 'STRICT' | 'DISABLE';

interface Workload {
  namespace: string;
  labels: Readonly<Record<string, string>>;
}

export function mtlsMode(snapshot: MeshSnapshot, workload: Workload, port?: number): MtlsMode {
  const all = snapshot.config.get('PeerAuthentication') ?? [];
  const levels = [
    all.find((one) => one.metadata.namespace === snapshot.rootNamespace && !hasSelector(one)),
    workload.namespace === snapshot.rootNamespace
      ? undefined
      : all.find((one) => one.metadata.namespace === workload.namespace && !hasSelector(one)),
    ofWorkload(snapshot, workload),
  ];
  let mode: MtlsMode = 'PERMISSIVE';
  for (const one of levels) mode = stated(one?.['spec']?.mtls?.mode) ?? mode;
  if (port !== undefined) mode = stated(levels[2]?.['spec']?.portLevelMtls?.[port]?.mode) ?? mode;
  return mode;
}

/** Ports of which the workload's own policy speaks, whether a Service has them or not. */
export const statedPorts = (snapshot: MeshSnapshot, workload: Workload): number[] =>
  Object.keys(ofWorkload(snapshot, workload)?.['spec']?.portLevelMtls ?? {}).map(Number);

/** The root namespace has no policies of single workloads: what selects there is not believed. */
function ofWorkload(snapshot: MeshSnapshot, workload: Workload): KubeObject | undefined {
  if (workload.namespace === snapshot.rootNamespace) return undefined;
  return (snapshot.config.get('PeerAuthentication') ?? []).find(
    (one) => one.metadata.namespace === workload.namespace && hasSelector(one) && selects(one, workload.labels),
  );
}

const stated = (mode: string | undefined): MtlsMode | undefined =>
  mode && mode !== 'UNSET' ? (mode as MtlsMode) : undefined;
const hasSelector = (object: KubeObject): boolean =>
  Object.keys(object['spec']?.selector?.matchLabels ?? {}).length > 0;

function selects(object: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(object['spec']?.selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}
