/** Into which clusters objects go: those whose istiod reads configuration for the workloads that are meant. */
import { Checkbox } from '@patternfly/react-core';
import type { ClusterView } from '../../api.ts';
import { useMesh, usePermissions } from '../api/queries.ts';
import { Help } from './fields.tsx';

export interface Targets {
  /** Clusters with a control plane. */
  offered: ClusterView[];
  /** Those which control one of the clusters with the namespace. */
  meant: string[];
}

/** Undefined until the mesh is known. */
export function useTargets(clusters: string[]): Targets | undefined {
  const mesh = useMesh().data;
  if (!mesh) return undefined;
  const offered = mesh.clusters.filter((cluster) => cluster.controlPlanes.length > 0);
  const governing = new Set(
    mesh.clusters.filter(({ name }) => clusters.includes(name)).flatMap((cluster) => cluster.controlledBy),
  );
  return { offered, meant: offered.map(({ name }) => name).filter((name) => governing.has(name)) };
}

interface TargetsFieldProps {
  targets: Targets;
  namespace: string;
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

export function TargetsField({ targets, namespace, chosen, onChange }: TargetsFieldProps) {
  return (
    <fieldset className="ist-fieldset">
      <legend>Written into</legend>
      {targets.offered.map((cluster) => (
        <Target
          key={cluster.name}
          cluster={cluster}
          namespace={namespace}
          isChosen={chosen.includes(cluster.name)}
          onChange={(on) => onChange(on ? [...chosen, cluster.name] : chosen.filter((name) => name !== cluster.name))}
        />
      ))}
      <Help>
        Only clusters with a control plane: an istiod reads configuration from its own cluster and applies it to all
        that it controls.
      </Help>
    </fieldset>
  );
}

interface TargetProps {
  cluster: ClusterView;
  namespace: string;
  isChosen: boolean;
  onChange: (on: boolean) => void;
}

function Target({ cluster, namespace, isChosen, onChange }: TargetProps) {
  const permissions = usePermissions(cluster.api.reachable ? cluster.name : '', namespace);
  const controls = cluster.controlPlanes.flatMap((one) => one.serves ?? []).map((one) => one.cluster);
  const why = cluster.api.reachable
    ? (permissions.error?.message ?? permissions.data?.why)
    : (cluster.api.reason ?? 'its API server does not answer');
  return (
    <Checkbox
      id={`target-${cluster.name}`}
      label={cluster.name}
      description={why ?? (controls.length > 0 ? `applies to ${[...new Set(controls)].join(', ')}` : undefined)}
      isDisabled={!cluster.api.reachable}
      isChecked={isChosen}
      onChange={(_event, on) => onChange(on)}
    />
  );
}
