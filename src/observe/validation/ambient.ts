/** What is in the ambient mesh, and which waypoint looks into its requests. Labels are those of Istio: istio.io/dataplane-mode and istio.io/use-waypoint. */
import type { ClusterModel } from '../model/cluster-model.ts';
import type { Lookup } from './lookup.ts';

type Labels = Record<string, string>;

export const modeLabel = 'istio.io/dataplane-mode';
export const waypointLabel = 'istio.io/use-waypoint';
const waypointNamespaceLabel = 'istio.io/use-waypoint-namespace';

/** The narrower label holds. */
export const isAmbient = (own: Labels, namespace: Labels): boolean =>
  (own[modeLabel] ?? namespace[modeLabel]) === 'ambient';

/** Of the narrowest that says something; undefined where that says `none`, or none says anything. */
export function waypointOf(namespace: string, ...labels: Labels[]): { name: string; namespace: string } | undefined {
  const found = labels.find((one) => one[waypointLabel] !== undefined);
  const name = found?.[waypointLabel];
  if (!found || !name || name === 'none') return undefined;
  return { name, namespace: found[waypointNamespaceLabel] ?? namespace };
}

/** Ambient workloads of a namespace (of all without it) that carry the labels, each with whether a waypoint is before it. */
export function ambientWorkloads(lookup: Lookup, namespace: string | undefined, selector: Labels = {}) {
  return lookup.workloads(namespace, selector).flatMap(({ cluster, workload, labels }) => {
    const space = lookup.namespaceLabels(cluster, workload.namespace);
    if (!isAmbient(labels, space)) return [];
    const services = lookup
      .all('Service', workload.namespace)
      .filter(({ cluster: of, object }) => of === cluster && selects(object['spec']?.selector, labels))
      .map(({ object }) => object.metadata.labels ?? {});
    const hasWaypoint =
      waypointOf(workload.namespace, labels, space) !== undefined ||
      services.some((one) => waypointOf(workload.namespace, one, space) !== undefined);
    return [{ cluster, workload, hasWaypoint }];
  });
}

const selects = (selector: Labels | undefined, labels: Labels): boolean =>
  Object.keys(selector ?? {}).length > 0 && Object.entries(selector!).every(([key, value]) => labels[key] === value);

/** Clusters in which a service is of the ambient mesh, each with whether it, or its namespace, uses a waypoint. */
export function ambientServices(lookup: Lookup, namespace: string, name: string) {
  return lookup.all('Service', namespace).flatMap(({ cluster, object }) => {
    if (object.metadata.name !== name) return [];
    const space = lookup.namespaceLabels(cluster, namespace);
    const own = object.metadata.labels ?? {};
    if (space[modeLabel] !== 'ambient') return [];
    return [
      {
        cluster,
        namespaceHasWaypoint:
          waypointOf(namespace, space) !== undefined || hasWaypointGateway(lookup, cluster, namespace),
        usesWaypoint: waypointOf(namespace, own, space) !== undefined,
      },
    ];
  });
}

function hasWaypointGateway(lookup: Lookup, cluster: ClusterModel, namespace: string): boolean {
  return lookup
    .all('K8sGateway', namespace)
    .some(({ cluster: of, object }) => of === cluster && isWaypoint(object['spec']));
}

export const isWaypoint = (spec: any): boolean =>
  spec?.gatewayClassName === 'istio-waypoint' || (spec?.listeners ?? []).some((one: any) => one.protocol === 'HBONE');
