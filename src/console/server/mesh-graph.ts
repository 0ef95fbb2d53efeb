/** The topology in the form of Kiali's /api/mesh/graph. */
import { hash } from 'node:crypto';
import type { ClusterView, MeshView } from '../../observe/index.ts';
import type { MeshGraph, MeshGraphNode } from '../api.ts';

const idOf = (...parts: string[]): string => hash('sha256', parts.join('|'));

export function meshGraph(view: MeshView): MeshGraph {
  const nodes = view.clusters.flatMap(nodesOf);
  const ids = new Set(nodes.map((one) => one.id));
  const edges = view.clusters.flatMap((cluster) => {
    const planes = cluster.controlPlanes.map((one) => idOf('istiod', cluster.name, one.namespace, one.name));
    const controllers = view.clusters.filter((one) => cluster.controlledBy.includes(one.name));
    const serving = controllers.flatMap((one) =>
      one.controlPlanes.map((plane) => idOf('istiod', one.name, plane.namespace, plane.name)),
    );
    const plane = idOf('dataplane', cluster.name);
    return [
      ...serving.map((source) => ({ source, target: plane })),
      ...planes.map((source) => ({ source, target: idOf('metricStore', cluster.name) })),
    ];
  });
  return {
    timestamp: Math.round(Date.parse(view.timestamp) / 1000),
    elements: {
      nodes: nodes.map((data) => ({ data })),
      edges: edges
        .filter((one) => ids.has(one.source) && ids.has(one.target))
        .map((one) => ({ data: { id: idOf(one.source, one.target), ...one } })),
    },
  };
}

function nodesOf(cluster: ClusterView): MeshGraphNode[] {
  const box = idOf('box', cluster.name);
  const base = (
    infraType: MeshGraphNode['infraType'],
    infraName: string,
    namespace: string,
    parent: string,
  ): MeshGraphNode => ({
    id: idOf(
      infraType,
      cluster.name,
      ...(infraType === 'istiod' || infraType === 'gateway' ? [namespace, infraName] : []),
    ),
    parent,
    nodeType: 'infra',
    infraType,
    infraName,
    cluster: cluster.name,
    namespace,
  });
  const health = (state: string): string => ({ ok: 'Healthy', degraded: 'Degraded', broken: 'Failure' })[state] ?? 'NA';
  const spaces = new Set([...cluster.controlPlanes, ...cluster.gateways].map((one) => one.namespace));
  const namespaceBox = (name: string): string => idOf('box', cluster.name, name);
  return [
    {
      id: box,
      nodeType: 'box',
      isBox: 'cluster',
      infraType: 'cluster',
      infraName: cluster.name,
      cluster: cluster.name,
      namespace: '',
      infraData: { network: cluster.network, role: cluster.role, api: cluster.api },
      ...(cluster.kubernetesVersion ? { version: cluster.kubernetesVersion } : {}),
      ...(cluster.api.reachable ? {} : { isInaccessible: true as const }),
    },
    ...[...spaces].map(
      (name): MeshGraphNode => ({
        id: namespaceBox(name),
        parent: box,
        nodeType: 'box',
        isBox: 'namespace',
        infraType: 'namespace',
        infraName: name,
        cluster: cluster.name,
        namespace: name,
      }),
    ),
    ...cluster.controlPlanes.map((one) => ({
      ...base('istiod', one.name, one.namespace, namespaceBox(one.namespace)),
      healthData: health(one.state),
      infraData: one,
      ...(one.version ? { version: one.version } : {}),
    })),
    ...cluster.gateways.map((one) => ({
      ...base('gateway', one.name, one.namespace, namespaceBox(one.namespace)),
      healthData: health(one.state),
      infraData: one,
    })),
    ...(cluster.counts.proxies > 0
      ? [
          {
            ...base('dataplane', 'Data Plane', '', box),
            infraData: { proxies: cluster.counts.proxies, versions: cluster.proxyVersions },
          },
        ]
      : []),
    ...(cluster.prometheus.source
      ? [
          {
            ...base('metricStore', 'Prometheus', '', box),
            healthData: health(cluster.prometheus.state),
            infraData: cluster.prometheus,
            ...(cluster.prometheus.version ? { version: cluster.prometheus.version } : {}),
          },
        ]
      : []),
  ];
}
