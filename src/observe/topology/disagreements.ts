/** Names that Istio compares as text, and that people write in several places. */
import type { ClusterModel } from '../model/cluster-model.ts';
import type { RemoteSecret } from '../model/remote-secret.ts';
import { envOf, proxyContainerOf } from '../model/workload.ts';
import type { ClusterView, NameDisagreement } from '../types/index.ts';

type Value = { where: string; value: string };

export function disagreementsOf(clusters: ClusterModel[], views: ClusterView[]): NameDisagreement[] {
  return [
    ...clusters.flatMap((cluster) => clusterIds(cluster, clusters)),
    ...clusters.flatMap(networks),
    ...clusters.flatMap(kubeconfigKeys),
    ...meshIds(views),
    ...metricLabels(views),
  ];
}

const differ = (values: Value[]): boolean => new Set(values.map((one) => one.value)).size > 1;

/** CLUSTER_ID of istiod and of proxies, and the keys of remote secrets that lead to this cluster's API server. */
function clusterIds(cluster: ClusterModel, clusters: ClusterModel[]): NameDisagreement[] {
  const values: Value[] = [{ where: 'istiod, or the proxies', value: cluster.name }];
  const ids = new Map<string, string>();
  for (const pod of cluster.list('Pod')) {
    const id = envOf(proxyContainerOf(pod), 'ISTIO_META_CLUSTER_ID');
    if (id && !ids.has(id)) ids.set(id, `proxy of pod ${pod.metadata.namespace}/${pod.metadata.name}`);
  }
  for (const [value, where] of ids) values.push({ where, value });
  for (const other of clusters)
    for (const secret of other.list<RemoteSecret>('RemoteSecret'))
      for (const target of secret.targets)
        if (target.server === cluster.client.connection?.server)
          values.push({
            where: `key of Secret ${other.name}/${secret.metadata.namespace}/${secret.metadata.name}`,
            value: target.cluster,
          });
  if (!differ(values)) return [];
  return [
    {
      what: 'cluster ID',
      cluster: cluster.name,
      values,
      why: 'istiod takes the name of a cluster from the key of the remote secret, proxies say theirs in ISTIO_META_CLUSTER_ID, and metrics carry it: where they differ endpoints get lost and traffic is drawn twice',
      fix: 'use one name in all of them, then restart the workloads of the cluster',
    },
  ];
}

function networks(cluster: ClusterModel): NameDisagreement[] {
  const values: Value[] = [];
  for (const name of cluster.rootNamespaces) {
    const label = cluster.get('Namespace', undefined, name)?.metadata.labels?.['topology.istio.io/network'];
    if (label) values.push({ where: `label of namespace ${name}`, value: label });
  }
  for (const pod of cluster.list('Pod')) {
    const network =
      pod.metadata.labels?.['topology.istio.io/network'] ?? envOf(proxyContainerOf(pod), 'ISTIO_META_NETWORK');
    if (network && !values.some((one) => one.value === network))
      values.push({ where: `pod ${pod.metadata.namespace}/${pod.metadata.name}`, value: network });
  }
  if (values.length < 2 || !differ(values)) return [];
  return [
    {
      what: 'network',
      cluster: cluster.name,
      values,
      why: 'pods of one pod network that say different networks reach each other through the gateway only',
      fix: 'correct the label topology.istio.io/network, then restart the workloads that carry the other one',
    },
  ];
}

function kubeconfigKeys(cluster: ClusterModel): NameDisagreement[] {
  return cluster.list<RemoteSecret>('RemoteSecret').flatMap((secret) => {
    const annotated = secret.metadata.annotations?.['networking.istio.io/cluster'];
    return secret.targets.flatMap((target) =>
      annotated && annotated !== target.cluster && secret.targets.length === 1
        ? [
            {
              what: 'remote secret',
              cluster: cluster.name,
              values: [
                { where: 'annotation networking.istio.io/cluster', value: annotated },
                { where: 'key of its data', value: target.cluster },
              ],
              why: `Secret ${secret.metadata.namespace}/${secret.metadata.name} says two names; istiod takes the key`,
            },
          ]
        : [],
    );
  });
}

function meshIds(views: ClusterView[]): NameDisagreement[] {
  const values = views.flatMap((view) =>
    view.controlPlanes.flatMap(({ meshId, name }) =>
      meshId ? [{ where: `${name} of ${view.name}`, value: meshId }] : [],
    ),
  );
  if (!differ(values)) return [];
  return [
    { what: 'mesh ID', cluster: views[0]?.name ?? '', values, why: 'control planes of one mesh have one mesh ID' },
  ];
}

/** Metrics name clusters that no context and no control plane knows. */
function metricLabels(views: ClusterView[]): NameDisagreement[] {
  const known = new Set(views.map((one) => one.name));
  return views.flatMap((view) =>
    view.prometheus.clusters
      .filter((name) => !known.has(name))
      .map((name) => ({
        what: 'source_cluster in metrics',
        cluster: view.name,
        values: [
          { where: `Prometheus of ${view.name}`, value: name },
          { where: 'clusters that are known here', value: [...known].join(', ') },
        ],
        why: 'proxies count under a name that belongs to no known cluster, so that their traffic is drawn in a box of its own',
      })),
  );
}
