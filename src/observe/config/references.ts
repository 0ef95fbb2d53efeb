/** Which configuration is about a workload or a service. */
import { apiVersionOf, type Kind, kinds } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { IstioKind, istioKinds } from '../model/observed-kinds.ts';
import type { ObjectKey } from '../types/index.ts';
import type { ServiceConfig } from './index-by-service.ts';

export function keyOfObject(cluster: string, kind: string, metadata: { namespace?: string; name?: string }): ObjectKey {
  const known = (kinds as Record<string, Kind>)[kind];
  return {
    cluster,
    apiVersion: known ? apiVersionOf(known) : 'v1',
    kind: known?.kind ?? kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
  };
}

/** Labels by which an object chooses workloads; undefined where it has no selector, so that it is for all. */
export function selectorOf(kind: IstioKind, object: any): Record<string, string> | undefined {
  const { spec = {} } = object;
  if (kind === 'Gateway') return spec.selector;
  if (kind === 'Sidecar' || kind === 'EnvoyFilter' || kind === 'ServiceEntry') return spec.workloadSelector?.labels;
  if (kind === 'WorkloadGroup') return spec.metadata?.labels;
  return spec.selector?.matchLabels;
}

const selecting = [
  'Sidecar',
  'EnvoyFilter',
  'PeerAuthentication',
  'RequestAuthentication',
  'AuthorizationPolicy',
  'Telemetry',
  'WasmPlugin',
  'Gateway',
  'WorkloadGroup',
] as const satisfies readonly (typeof istioKinds)[number][];

/** Objects with a selector that the labels satisfy. @param readers clusters whose istiod serves the workload */
export function selectedBy(readers: ClusterModel[], namespace: string, labels: Record<string, string>): ObjectKey[] {
  return readers.flatMap((cluster) =>
    selecting.flatMap((kind) =>
      cluster
        .list(kind, kind === 'Gateway' ? undefined : namespace)
        .filter((object) => {
          const selector = selectorOf(kind, object);
          return (
            selector &&
            Object.keys(selector).length > 0 &&
            Object.entries(selector).every(([key, value]) => labels[key] === value)
          );
        })
        .map((object) => keyOfObject(cluster.name, kind, object.metadata)),
    ),
  );
}

export function referencesOfService(config: Map<string, ServiceConfig>, namespace: string, name: string): ObjectKey[] {
  const found = config.get(`${namespace}/${name}`);
  if (!found) return [];
  const keys = [
    ...found.virtualServices.map((one) => keyOfObject(one.cluster, 'VirtualService', one.object.metadata)),
    ...found.destinationRules.map((one) => keyOfObject(one.cluster, 'DestinationRule', one.object.metadata)),
  ];
  return [...new Map(keys.map((one) => [JSON.stringify(one), one])).values()];
}
