/** What Isthmus tells an installer of Istio about a cluster, in the terms of Istio's charts, which istioctl and Helm share. */
import { type Mesh, type MeshCluster, remotesOf } from '../../spec/index.ts';

export interface IstioValues {
  meshConfig: Record<string, unknown>;
  values: Record<string, any>;
}

/** @param gatewayAddress of a remote's primary: the way to its istiod. */
export function istioValues(mesh: Mesh, cluster: MeshCluster, gatewayAddress?: string): IstioValues {
  const { istio, accessLog } = mesh.controlPlane;
  const isRemote = cluster.role === 'remote';
  const upstream = istio.upstreamEnvoy;
  return {
    meshConfig: {
      accessLogFile: accessLog ? '/dev/stdout' : '',
      trustDomain: mesh.trustDomain,
    },
    values: merged(
      {
        global: {
          meshID: mesh.meshID,
          multiCluster: { clusterName: cluster.name },
          network: cluster.network,
          ...(remotesOf(mesh, cluster.name).length > 0 ? { externalIstiod: true } : {}),
          ...(isRemote && gatewayAddress ? { remotePilotAddress: gatewayAddress } : {}),
          proxy: { clusterDomain: mesh.clusterDomain },
        },
        ...(isRemote
          ? { istiodRemote: { injectionPath: `/inject/cluster/${cluster.name}/net/${cluster.network}` } }
          : {}),
        pilot: {
          env: {
            DEFAULT_WORKLOAD_CERT_TTL: `${mesh.trust.workloadTtlSeconds}s`,
            // So that istiod takes a second root while it runs: without it the root could not be rotated.
            ISTIO_MULTIROOT_MESH: 'true',
            ...(upstream ? { PILOT_ENABLE_METADATA_EXCHANGE: 'false', PILOT_ENABLE_ALPN_FILTER: 'false' } : {}),
          },
        },
        // Istio's own metrics are a filter that upstream Envoy does not have: it would refuse each listener.
        ...(upstream ? { telemetry: { v2: { prometheus: { enabled: false } } } } : {}),
      },
      istio.values,
    ),
  };
}

/** The second tree laid over the first; lists and scalars of it replace those of the first. */
export function merged(base: Record<string, any>, over: Record<string, any>): Record<string, any> {
  const result = { ...base };
  for (const [key, value] of Object.entries(over))
    result[key] = isTree(result[key]) && isTree(value) ? merged(result[key], value) : value;
  return result;
}

const isTree = (value: unknown): value is Record<string, any> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
