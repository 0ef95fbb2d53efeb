/** Why a cluster's endpoints are not among those of a proxy: the rules of Istio's endpoint builder. */
import { kinds, type Pod, type Service } from '../../../kube/index.ts';
import { nameText, referenceOf } from '../config.ts';
import { specificity } from '../istio/hosts.ts';
import { mtlsModeOf } from '../istio/peer-authentication.ts';
import { clusterIdOfPod } from '../pods.ts';
import type { ServedEndpoint, ServiceView } from '../service.ts';
import type { Trace } from '../trace.ts';
import type { Deviation } from '../types.ts';
import { notInjected } from './client.ts';
import type { ReachedCluster } from './cluster.ts';
import { gatewaysOf } from './gateway.ts';

export interface Reason {
  why: string;
  /** Somebody has asked for it to be so. */
  wanted?: boolean;
  code?: Deviation['code'];
  object?: Deviation['object'];
  fix?: string;
}

/** The rules of Istio's endpoint builder, in the order in which they take endpoints away. */
export async function reasonFor(
  trace: Trace,
  reached: ReachedCluster,
  service: ServiceView,
  cluster: string,
  clusterId: string,
  absent: ServedEndpoint[],
  podOf: (one: ServedEndpoint) => Pod | undefined,
): Promise<Reason> {
  const { facts, config, client } = trace;
  const { plane } = config;
  if (plane && cluster !== plane.cluster) {
    const known = plane.known.find((one) => one.id === clusterId);
    if (plane.known.length > 0 && !known)
      return {
        code: 'remote-not-synced',
        why: `istiod of ${plane.cluster} does not know cluster ${clusterId}, for want of a Secret with label istio/multiCluster=true and key ${clusterId} in ${plane.cluster}/${plane.namespace}`,
        object: {
          cluster: plane.cluster,
          kind: 'Secret',
          namespace: plane.namespace,
          name: `istio-remote-secret-${clusterId}`,
        },
        fix: `istioctl create-remote-secret --context=${cluster} --name=${clusterId} | kubectl --context ${plane.cluster} apply -f -`,
      };
    if (known && (known.syncStatus !== 'synced' || known.lastError))
      return {
        code: 'remote-not-synced',
        why: `istiod of ${plane.cluster} has not synced cluster ${clusterId} (${known.syncStatus}${known.lastError ? `: ${known.lastError}` : ''})`,
        object: secretReference(plane.cluster, known.secretName),
        fix: `istioctl create-remote-secret --context=${cluster} --name=${clusterId} | kubectl --context ${plane.cluster} apply -f -`,
      };
  }
  const networks = new Set(
    await Promise.all(
      absent.map(
        async (one) => podOf(one)?.metadata.labels?.['topology.istio.io/network'] ?? (await facts.networkOf(cluster)),
      ),
    ),
  );
  const [network = ''] = networks;
  const crossing = network !== '' && client.network !== '' && network !== client.network;
  const bare = absent.find((one) => podOf(one)?.metadata.labels?.['security.istio.io/tlsMode'] !== 'istio');
  const system = config.plane?.namespace ?? 'istio-system';
  if (crossing) {
    const [gateway] = await gatewaysOf(facts, cluster);
    const services = await facts.list<Service>(cluster, kinds.Service, {
      labelSelector: `topology.istio.io/network=${network}`,
    });
    const [labelled] = services;
    if (!labelled)
      return {
        code: 'gateway-missing',
        why: `${cluster} has no Service with label topology.istio.io/network=${network}, by which its east-west gateway would be known`,
        fix: `kubectl --context ${cluster} -n ${system} label service istio-eastwestgateway topology.istio.io/network=${network}`,
      };
    if (!gateway) {
      const reference = referenceOf(cluster, { ...labelled, kind: 'Service' });
      return {
        code: 'gateway-address-missing',
        why: `${nameText(reference)}, the gateway of network ${network}, has no address or does not list port 15443`,
        object: reference,
        fix: `kubectl --context ${cluster} -n ${reference.namespace} describe service ${reference.name}`,
      };
    }
    const pod = bare && podOf(bare);
    if (bare && pod) {
      const { why, fix, wanted } = await notInjected(facts, cluster, pod);
      return {
        code: 'sidecar-missing',
        why: `it has no sidecar (${why}), and only mutual TLS crosses networks`,
        object: referenceOf(cluster, { ...pod, kind: 'Pod' }),
        fix,
        wanted,
      };
    }
    if (bare)
      return {
        code: 'sidecar-missing',
        why: `${bare.address} is no pod of the mesh, and only mutual TLS crosses networks`,
        object: referenceOf(cluster, { ...bare.slice, kind: 'EndpointSlice' }),
        wanted: true,
      };
    const tls = reached.policy.tls;
    if (tls && tls.value.mode !== 'ISTIO_MUTUAL') {
      const reference = referenceOf(config.cluster ?? cluster, { ...tls.rule, kind: 'DestinationRule' });
      return {
        code: 'tls-clash',
        why: `${nameText(reference)} says TLS mode ${tls.value.mode}, and only Istio's mutual TLS crosses networks`,
        object: reference,
        fix: `kubectl --context ${reference.cluster} -n ${reference.namespace} edit destinationrule ${reference.name}, and take ${tls.field} out`,
      };
    }
    const [first] = absent;
    const mode = mtlsModeOf(
      config.peerAuthentications,
      { namespace: service.namespace, labels: podOf(first!)?.metadata.labels ?? {} },
      first?.port,
      config.rootNamespace,
    );
    if (mode.mode === 'DISABLE' && mode.object) {
      const reference = referenceOf(config.cluster ?? cluster, { ...mode.object, kind: 'PeerAuthentication' });
      return {
        code: 'tls-clash',
        why: `${nameText(reference)} disables mutual TLS, without which nothing crosses networks`,
        object: reference,
        fix: `kubectl --context ${reference.cluster} -n ${reference.namespace} edit peerauthentication ${reference.name}`,
      };
    }
  }
  const podId = podOf(absent[0]!) && clusterIdOfPod(podOf(absent[0]!)!);
  if (podId && podId !== clusterId)
    return { why: `its proxy says that it is in cluster ${podId}, the cluster is called ${clusterId}` };
  return { why: 'no rule of Istio leaves them out, so the proxy is behind or istiod does not see them yet' };
}

function secretReference(cluster: string, name: string): Deviation['object'] {
  const [namespace = '', secret = ''] = name.split('/');
  return { cluster, kind: 'Secret', namespace, name: secret || namespace };
}

/** Services that stay in their cluster: Istio's own, and those of serviceSettings, where the most exact host decides. */
export function clusterLocal({ config }: Trace, hostname: string): 'by default' | 'by settings' | undefined {
  const discovery = String(
    config.plane?.meshConfig?.defaultConfig?.discoveryAddress ?? 'istiod.istio-system.svc:15012',
  );
  const rules: [pattern: string, local: 'by default' | 'by settings' | undefined][] = [
    [`*.kube-system.svc.${config.domain}`, 'by default'],
    [`kubernetes.default.svc.${config.domain}`, 'by default'],
    [(discovery.split(':')[0] ?? '').replace(/\.svc$/, `.svc.${config.domain}`), 'by default'],
    ...((config.plane?.meshConfig?.serviceSettings ?? []) as any[]).flatMap(({ settings, hosts = [] }) =>
      hosts.map((host: string): [string, 'by settings' | undefined] => [
        host,
        settings?.clusterLocal ? 'by settings' : undefined,
      ]),
    ),
  ];
  const ranked = rules
    .map(([pattern, local]) => ({ local, rank: specificity(pattern, hostname) }))
    .filter((one) => one.rank > 0);
  const best = Math.max(0, ...ranked.map((one) => one.rank));
  // What is set goes before what is there by default.
  return ranked.filter((one) => one.rank === best).at(-1)?.local;
}

export const localToCluster = ({ config }: Trace, service: ServiceView, cluster: string): Deviation => ({
  code: 'endpoint-missing',
  severity: 'info',
  message: `${service.hostname} stays in its cluster by the mesh configuration (serviceSettings, clusterLocal): endpoints in ${cluster} are not used from elsewhere.`,
  object: {
    cluster: config.cluster ?? cluster,
    kind: 'ConfigMap',
    namespace: config.plane?.namespace ?? 'istio-system',
    name: 'istio',
  },
  fix: `kubectl --context ${config.cluster} -n ${config.plane?.namespace ?? 'istio-system'} edit configmap istio`,
});
