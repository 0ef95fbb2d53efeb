/** What the clusters know of the nodes: whether they still exist, have proxies, are gateways, and what configuration says of them. */
import { covers } from '../config/host.ts';
import { configByService } from '../config/index-by-service.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { appOf, hasProxy, isGateway, labelsOf, versionOf, type Workload } from '../model/workload.ts';
import type { GraphType } from '../types/index.ts';
import { badgesOf } from './badges.ts';
import type { BuiltNode, Elements } from './elements.ts';
import { serviceNode, workloadNode } from './identity.ts';

export function decorate(elements: Elements, clusters: ClusterModel[]): void {
  const config = configByService(clusters);
  const byName = new Map(clusters.map((one) => [one.name, one]));
  const entries = clusters.flatMap((cluster) =>
    cluster.list('ServiceEntry').map((object) => ({ cluster: cluster.name, object })),
  );
  for (const node of elements.nodes.values()) {
    const cluster = byName.get(node.cluster);
    const { namespace } = node;
    if (node.service) {
      const rules = config.get(`${namespace}/${node.service}`);
      if (rules) Object.assign(node.marks, badgesOf(rules));
      markServiceEntry(node, entries);
    }
    if (!cluster) {
      if (node.cluster !== 'unknown') node.marks.isInaccessible = true;
      continue;
    }
    const object = node.service ? cluster.get('Service', namespace, node.service) : undefined;
    if (object) node.marks.labels = object.metadata.labels ?? {};
    const workload = node.workload ? cluster.workloads.get(namespace, node.workload) : undefined;
    if (workload) markWorkload(node, workload);
    // Nothing is called dead by what a silent API server said last.
    else if (
      cluster.api.reachable &&
      ((node.workload && !workload) || (node.nodeType === 'service' && isGone(node, cluster)))
    )
      node.marks.isDead = true;
  }
}

function isGone(node: BuiltNode, cluster: ClusterModel): boolean {
  if (!node.service || node.service === 'unknown' || node.marks.isServiceEntry || node.marks.isInjected) return false;
  return (
    node.service.split('.').length === 1 &&
    !node.service.endsWith('Cluster') &&
    !cluster.get('Service', node.namespace, node.service)
  );
}

function markWorkload(node: BuiltNode, workload: Workload): void {
  const labels = labelsOf(workload);
  node.marks.labels = labels;
  if (isGateway(workload)) {
    node.marks.isGateway =
      labels['istio'] === 'egressgateway' ? { egressInfo: { hostnames: [] } } : { ingressInfo: { hostnames: [] } };
  } else if (!hasProxy(workload) && workload.pods.size > 0) node.marks.isOutOfMesh = true;
}

function markServiceEntry(node: BuiltNode, entries: { cluster: string; object: any }[]): void {
  const service = node.service ?? '';
  const found = entries.find(({ object }) => (object.spec?.hosts ?? []).some((host: string) => covers(host, service)));
  if (!found) return;
  const { spec, metadata } = found.object;
  node.marks.isServiceEntry = {
    hosts: spec.hosts ?? [],
    location: spec.location ?? 'MESH_EXTERNAL',
    namespace: metadata.namespace ?? '',
  };
}

/** Adds what exists in the wanted namespaces and has had no traffic. */
export function addIdle(
  elements: Elements,
  clusters: ClusterModel[],
  graphType: GraphType,
  isWanted: (cluster: string, namespace: string) => boolean,
): void {
  const used = new Set<string>();
  for (const node of elements.nodes.values()) used.add(node.key);
  const mark = (identity: ReturnType<typeof workloadNode>): void => {
    if (!identity || used.has(identity.key)) return;
    elements.node(identity).marks.isIdle = true;
  };
  for (const cluster of clusters) {
    for (const service of cluster.list('Service')) {
      const { namespace = '', name = '' } = service.metadata;
      if (isWanted(cluster.name, namespace)) mark(serviceNode(cluster.name, namespace, name));
    }
    if (graphType === 'service') continue;
    for (const one of cluster.workloads.list()) {
      if (!isWanted(cluster.name, one.namespace)) continue;
      const labels = labelsOf(one);
      mark(
        workloadNode(
          {
            cluster: cluster.name,
            namespace: one.namespace,
            workload: one.name,
            app: appOf(labels) ?? 'unknown',
            version: versionOf(labels) ?? 'latest',
          },
          graphType,
        ),
      );
    }
  }
}
