/** istiods: what they are, whom they serve, and whether their proxies have what they were sent. */
import { parse } from 'yaml';
import type { KubeObject } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { envOf, isIstiod } from '../model/workload.ts';
import type { ControlPlaneView, ProxyStatus, SyncState } from '../types/index.ts';
import type { ClusterFacts } from './facts.ts';

export function controlPlanesOf(cluster: ClusterModel, facts: ClusterFacts): ControlPlaneView[] {
  return cluster
    .list('Deployment')
    .filter(isIstiod)
    .map((deployment) => viewOf(cluster, deployment, facts));
}

function viewOf(cluster: ClusterModel, deployment: KubeObject, facts: ClusterFacts): ControlPlaneView {
  const { namespace = '', name = '', labels = {} } = deployment.metadata;
  const container = deployment['spec'].template.spec.containers.find((one: any) => one.name === 'discovery') ?? {};
  const revision = labels['istio.io/rev'] ?? envOf(container, 'REVISION') ?? 'default';
  const config = meshConfigOf(cluster, namespace, revision);
  const desired = deployment['spec'].replicas ?? 1;
  const ready = deployment['status']?.availableReplicas ?? deployment['status']?.readyReplicas ?? 0;
  const own = facts.istiods.filter((one) => one.namespace === namespace && one.pod.startsWith(`${name}-`));
  const clusterz = own.find((one) => one.clusterz)?.clusterz;
  const proxies = own.flatMap((one) => proxyStatuses(cluster.name, one.pod, one.syncz ?? []));
  const stale = proxies.filter((one) => staleTypes(one).length > 0);
  const network = cluster.get('Namespace', undefined, namespace)?.metadata.labels?.['topology.istio.io/network'];
  const version = String(container.image ?? '')
    .split(':')
    .at(-1);
  const unsynced = clusterz?.filter((one) => !/^synced$/i.test(one.syncStatus)) ?? [];
  const debug = own.find((one) => one.error)?.error;
  const fault =
    ready === 0
      ? { state: 'broken' as const, why: `none of ${desired} replicas of istiod is available` }
      : unsynced.length > 0
        ? { state: 'degraded' as const, why: `it has not read ${unsynced.map((one) => one.id).join(', ')}` }
        : stale.length > 0
          ? {
              state: 'degraded' as const,
              why: `${stale.length} of ${proxies.length} proxies have not accepted what was sent`,
            }
          : { state: 'ok' as const, ...(debug ? { why: `its debug pages cannot be read: ${debug}` } : {}) };
  return {
    cluster: cluster.name,
    namespace,
    name,
    revision,
    ...(version ? { version } : {}),
    clusterId: envOf(container, 'CLUSTER_ID') ?? 'Kubernetes',
    ...(config?.defaultConfig?.meshId ? { meshId: String(config.defaultConfig.meshId) } : {}),
    ...(network ? { network } : {}),
    trustDomain: String(config?.trustDomain ?? 'cluster.local'),
    autoMtls: config?.enableAutoMtls !== false,
    ...(config?.meshMTLS?.minProtocolVersion ? { minTls: String(config.meshMTLS.minProtocolVersion) } : {}),
    external: envOf(container, 'EXTERNAL_ISTIOD') === 'true',
    replicas: { desired, ready },
    ...fault,
    ...(clusterz
      ? {
          serves: clusterz.map(({ id, secretName, syncStatus }) => ({
            cluster: id,
            syncStatus,
            ...(secretName ? { secret: secretName } : {}),
          })),
        }
      : {}),
    ...(own.some((one) => one.syncz)
      ? {
          proxies: {
            total: proxies.length,
            synced: proxies.length - stale.length,
            stale: stale.map((one) => ({ proxy: one.proxy, cluster: one.cluster, types: staleTypes(one) })),
          },
        }
      : {}),
  };
}

/** The mesh configuration of a revision: ConfigMap istio, or istio-REVISION. */
export function meshConfigOf(cluster: ClusterModel, namespace: string, revision = 'default'): any {
  const name = revision === 'default' ? 'istio' : `istio-${revision}`;
  const text = cluster.get('ConfigMap', namespace, name)?.['data']?.mesh;
  if (!text) return undefined;
  const known = parsed.get(text);
  if (known !== undefined) return known;
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch {
    value = {};
  }
  if (parsed.size > 100) parsed.clear();
  parsed.set(text, value);
  return value;
}

const parsed = new Map<string, unknown>();

export interface ProxyEntry extends ProxyStatus {
  cluster: string;
}

const types = { CDS: 'cluster', LDS: 'listener', EDS: 'endpoint', RDS: 'route' } as const;

/** Istio's rule: nothing sent is NotSent; what was acknowledged is what was sent last, or it is stale. */
export function proxyStatuses(controlPlane: string, pod: string, syncz: any[]): ProxyEntry[] {
  return syncz.map((one) => {
    const state = (type: string): SyncState => {
      const [sent, acknowledged] = [one[`${type}_sent`], one[`${type}_acked`]];
      if (!sent) return 'NotSent';
      return sent === acknowledged ? 'Synced' : 'Stale';
    };
    return {
      cluster: String(one.cluster_id ?? 'unknown'),
      proxy: String(one.proxy ?? ''),
      controlPlane: { cluster: controlPlane, pod },
      ...(one.istio_version ? { version: String(one.istio_version) } : {}),
      CDS: state(types.CDS),
      LDS: state(types.LDS),
      EDS: state(types.EDS),
      RDS: state(types.RDS),
    };
  });
}

export const staleTypes = (one: ProxyStatus): string[] =>
  (['CDS', 'LDS', 'EDS', 'RDS'] as const).filter((type) => one[type] === 'Stale');
