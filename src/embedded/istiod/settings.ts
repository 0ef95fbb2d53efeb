/** istiod's settings, from the environment variables that Istio's own Deployment sets. */

export interface IstiodSettings {
  clusterId: string;
  revision: string;
  namespace: string;
  domain: string;
  /** Serves remote clusters as their control plane: writes their root certificates and webhook bundles. */
  isExternal: boolean;
  meshConfigFile: string;
  meshNetworksFile: string;
  injectionValuesFile: string;
  caFolder: string;
  /** Milliseconds that a remote cluster may take before istiod is ready without it; 0 waits for ever. */
  remoteClusterTimeoutMs: number;
  /** Milliseconds without a change before a full push. Endpoint changes do not wait. */
  debounceAfterMs: number;
  debounceMaxMs: number;
  workloadCertSeconds: number;
  maxWorkloadCertSeconds: number;
}

export function settingsFrom(env: NodeJS.ProcessEnv): IstiodSettings {
  return {
    clusterId: env['CLUSTER_ID'] ?? 'Kubernetes',
    revision: env['REVISION'] || 'default',
    namespace: env['POD_NAMESPACE'] ?? 'istio-system',
    domain: env['DOMAIN'] ?? 'cluster.local',
    isExternal: env['EXTERNAL_ISTIOD'] === 'true',
    meshConfigFile: env['MESH_CONFIG_FILE'] ?? '/etc/istio/config/mesh',
    meshNetworksFile: env['MESH_NETWORKS_FILE'] ?? '/etc/istio/config/meshNetworks',
    injectionValuesFile: env['INJECT_VALUES_FILE'] ?? '/var/lib/istio/inject/values',
    caFolder: env['ROOT_CA_DIR'] ?? '/etc/cacerts',
    remoteClusterTimeoutMs: milliseconds(env['PILOT_REMOTE_CLUSTER_TIMEOUT'], 30_000),
    debounceAfterMs: milliseconds(env['PILOT_DEBOUNCE_AFTER'], 10),
    debounceMaxMs: milliseconds(env['PILOT_DEBOUNCE_MAX'], 1_000),
    workloadCertSeconds: milliseconds(env['DEFAULT_WORKLOAD_CERT_TTL'], 86_400_000) / 1000,
    maxWorkloadCertSeconds: milliseconds(env['MAX_WORKLOAD_CERT_TTL'], 90 * 86_400_000) / 1000,
  };
}

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration in Go's notation (`1h30m`, `100ms`). What cannot be read is the fallback. */
export function milliseconds(text: string | undefined, fallback: number): number {
  const parts = [...(text ?? '').matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length === 0) return text === '0' ? 0 : fallback;
  return parts.reduce((sum, [, value, unit]) => sum + Number(value) * units[unit!]!, 0);
}
