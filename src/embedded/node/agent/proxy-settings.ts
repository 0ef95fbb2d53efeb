/** What an injected proxy container says of itself: node metadata and settings, from its environment as Istio's agent reads it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ProxyAgentRequest } from './types.ts';

export interface ProxySettings {
  type: 'sidecar' | 'router';
  nodeId: string;
  serviceCluster: string;
  domain: string;
  clusterId: string;
  discoveryHost: string;
  discoveryPort: number;
  concurrency: number;
  trustDomain: string;
  serviceAccount: string;
  namespace: string;
  metadata: Record<string, unknown>;
  /** Paths of the application's own probes, by the path under which the proxy serves them. */
  appProbes: Record<string, any>;
  /** Life of the certificates that it asks for, and the part of it after which it asks again. */
  certificateSeconds: number;
  renewAt: number;
  /** For how long connections to a listener that is replaced may go on. */
  drainSeconds: number;
  /** For how long a proxy that is told to end goes on, and takes its leave of its clients. */
  terminationDrainSeconds: number;
}

export function proxySettings(request: ProxyAgentRequest): ProxySettings {
  const { env, args, pod, podIp } = request;
  const proxyConfig = (env['PROXY_CONFIG'] ? parse(env['PROXY_CONFIG']) : {}) ?? {};
  const type = args[1] === 'router' ? 'router' : 'sidecar';
  const namespace = env['POD_NAMESPACE'] ?? pod.metadata.namespace ?? '';
  const name = env['POD_NAME'] ?? pod.metadata.name ?? '';
  const at = args.indexOf('--domain');
  const domain = (at === -1 ? `${namespace}.svc.cluster.local` : args[at + 1]!).replace('$(POD_NAMESPACE)', namespace);
  const [discoveryHost = '', discoveryPort = '15012'] = String(
    proxyConfig.discoveryAddress ?? env['CA_ADDR'] ?? 'istiod.istio-system.svc:15012',
  ).split(':');
  const labels = withoutTemplateHash(pod.metadata.labels ?? {});
  const serviceCluster = `${labels['app'] ?? labels['app.kubernetes.io/name'] ?? env['ISTIO_META_WORKLOAD_NAME'] ?? 'istio-proxy'}.${namespace}`;
  const metadata: Record<string, unknown> = {};
  for (const [key, value] of Object.entries({ ...env, ...(proxyConfig.proxyMetadata ?? {}) }))
    if (key.startsWith('ISTIO_META_')) metadata[key.slice('ISTIO_META_'.length)] = value;
  Object.assign(metadata, {
    NAME: name,
    NAMESPACE: namespace,
    SERVICE_ACCOUNT: env['SERVICE_ACCOUNT'] ?? pod.spec['serviceAccountName'] ?? 'default',
    INSTANCE_IPS: podIp,
    LABELS: labels,
    ANNOTATIONS: pod.metadata.annotations ?? {},
    MESH_ID: env['ISTIO_META_MESH_ID'] ?? env['TRUST_DOMAIN'] ?? '',
    PROXY_CONFIG: proxyConfig,
    ISTIO_VERSION: env['ISTIO_META_ISTIO_VERSION'] ?? '1.31.0',
    ENVOY_STATUS_PORT: 15021,
    ENVOY_PROMETHEUS_PORT: 15090,
    NODE_NAME: pod.spec['nodeName'] ?? '',
  });
  return {
    type,
    nodeId: `${type}~${podIp}~${name}.${namespace}~${domain}`,
    serviceCluster,
    domain,
    clusterId: env['ISTIO_META_CLUSTER_ID'] ?? 'Kubernetes',
    discoveryHost,
    discoveryPort: Number(discoveryPort),
    concurrency: Number(proxyConfig.concurrency ?? env['ISTIO_CPU_LIMIT'] ?? 1) || 1,
    trustDomain: env['TRUST_DOMAIN'] ?? 'cluster.local',
    serviceAccount: String(metadata['SERVICE_ACCOUNT']),
    namespace,
    metadata,
    appProbes: env['ISTIO_KUBE_APP_PROBERS'] ? JSON.parse(env['ISTIO_KUBE_APP_PROBERS']) : {},
    certificateSeconds: seconds(env['SECRET_TTL'], 86_400),
    renewAt: 1 - (Number(env['SECRET_GRACE_PERIOD_RATIO']) || 0.5),
    drainSeconds: Math.ceil(seconds(proxyConfig.drainDuration, 45)),
    terminationDrainSeconds: seconds(proxyConfig.terminationDrainDuration, 5),
  };
}

/** Seconds of a duration as in `1m30s`; the default, which is Istio's ProxyConfig's, where there is none. */
function seconds(duration: unknown, otherwise: number): number {
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  const parts = [...String(duration ?? '').matchAll(/(\d+(?:\.\d+)?)(ms|[hms])/g)];
  if (parts.length === 0) return otherwise;
  return parts.reduce((sum, [, number, unit = 's']) => sum + Number(number) * (units[unit] ?? 0), 0);
}

function withoutTemplateHash(labels: Record<string, string>): Record<string, string> {
  const { 'pod-template-hash': _, ...rest } = labels;
  return rest;
}

/** A file of a volume, read when it is needed: tokens and roots change. */
export function volumeFile(request: ProxyAgentRequest, mountPath: string, name: string): string {
  const folder = request.volume(mountPath);
  if (!folder) throw new Error(`no volume is mounted at ${mountPath}`);
  return readFileSync(join(folder, name), 'utf8');
}
