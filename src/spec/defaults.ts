/** Fills in what a mesh file may leave out. */
import { dirname, resolve } from 'node:path';
import { secondsOf } from './duration.ts';
import { formatAddress, formatRange, parseCidr, parseRange } from './ipv4.ts';
import type { ClusterProvider, ImageProgram, Mesh, MeshCluster, MeshTrust } from './mesh.ts';
import type { MeshFile } from './schema.ts';

export const defaultSharedNetwork = '192.168.49.0/24';

type ClusterFile = MeshFile['spec']['clusters'][number];

/** The mesh of the tutorial: east with the control plane, west served by it, on two networks. */
export function defaultMesh(): Mesh {
  return resolveMesh(
    {
      apiVersion: 'isthmus.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'east-west' },
      spec: {
        clusters: [
          { name: 'east', network: 'network1', role: 'primary' },
          { name: 'west', network: 'network2', role: 'remote', primary: 'east' },
        ],
      },
    },
    'mesh.yaml',
  );
}

/** @param fileName paths in the file are relative to its folder. */
export function resolveMesh(file: MeshFile, fileName: string): Mesh {
  const { spec } = file;
  const sharedNetwork = spec.sharedNetwork?.cidr ?? defaultSharedNetwork;
  const absolute = (path: string): string => resolve(dirname(fileName), path);
  return {
    name: file.metadata.name,
    meshID: spec.meshID ?? 'mesh1',
    trustDomain: spec.trustDomain ?? 'cluster.local',
    clusterDomain: 'cluster.local',
    sharedNetwork: { cidr: sharedNetwork },
    clusters: spec.clusters.map((cluster, index) => resolveCluster(cluster, index, sharedNetwork, absolute)),
    trust: resolveTrust(spec.trust, absolute),
    gateways: { eastWest: { replicas: spec.gateways?.eastWest?.replicas ?? 1 } },
    telemetry: {
      enabled: spec.telemetry?.enabled ?? true,
      federation: (spec.telemetry?.enabled ?? true) && (spec.telemetry?.federation ?? true),
      scrapeIntervalSeconds: secondsOf(spec.telemetry?.scrapeInterval ?? '2s') ?? 2,
    },
    sample: { enabled: spec.sample?.enabled ?? true, namespace: spec.sample?.namespace ?? 'sample' },
    controlPlane: resolveControlPlane(spec, absolute),
    kiali: resolveKiali(spec, absolute),
    images: Object.fromEntries(
      Object.entries(spec.images ?? {}).map(([reference, program]) => [reference, withoutUndefined(program)]),
    ),
  };
}

const isPath = (text: string): boolean => /^\.{0,2}\//.test(text);

function resolveKiali(spec: MeshFile['spec'], absolute: (path: string) => string): Mesh['kiali'] {
  const { kiali } = spec;
  if (!kiali?.enabled) return undefined;
  const { chart, program, managementCluster: management } = kiali;
  return {
    homeCluster:
      management?.name ?? kiali.homeCluster ?? spec.clusters.find(({ role }) => role === 'primary')?.name ?? '',
    management: management && {
      context: management.context,
      kubeconfig: management.kubeconfig === undefined ? undefined : absolute(management.kubeconfig),
    },
    auth: kiali.auth ?? 'anonymous',
    viewOnly: kiali.viewOnly ?? true,
    prometheus: kiali.prometheus,
    program: program === undefined ? 'helm' : absolute(program),
    chart: chart !== undefined && isPath(chart) ? absolute(chart) : chart,
    version: kiali.version,
    values: kiali.values ?? {},
  };
}

function resolveControlPlane(spec: MeshFile['spec'], absolute: (path: string) => string): Mesh['controlPlane'] {
  const stated = typeof spec.controlPlane === 'string' ? { implementation: spec.controlPlane } : spec.controlPlane;
  const isEngineOurs = spec.clusters.every(({ provider = 'embedded' }) => provider === 'embedded');
  const { accessLog = true, installer = 'istioctl', ...rest } = stated ?? {};
  return {
    accessLog,
    implementation: rest.implementation ?? (isEngineOurs ? 'isthmus' : 'istio'),
    istio: {
      installer,
      program: rest.program === undefined ? installer : absolute(rest.program),
      charts: rest.charts !== undefined && isPath(rest.charts) ? absolute(rest.charts) : rest.charts,
      version: rest.version,
      hub: rest.hub ?? 'docker.io/istio',
      revision: rest.revision,
      upstreamEnvoy: rest.envoy === undefined ? isEngineOurs : rest.envoy === 'upstream',
      values: rest.values ?? {},
    },
  };
}

function resolveCluster(
  cluster: ClusterFile,
  index: number,
  sharedNetwork: string,
  absolute: (path: string) => string,
): MeshCluster {
  const common = {
    name: cluster.name,
    network: cluster.network,
    role: cluster.role,
    primary: cluster.role === 'primary' ? cluster.name : (cluster.primary ?? ''),
    locality: { region: cluster.node?.locality?.region, zone: cluster.node?.locality?.zone },
  };
  const pool = cluster.loadBalancerRange === undefined ? undefined : parseRange(cluster.loadBalancerRange);
  const loadBalancerRange = pool && 'first' in pool ? formatRange(pool) : undefined;
  const provider = resolveProvider(cluster, absolute);
  if (provider.type !== 'embedded')
    return {
      ...common,
      provider,
      podRange: cluster.podRange,
      serviceRange: cluster.serviceRange,
      loadBalancerRange,
      nodeAddress: undefined,
    };
  const defaults = defaultAddresses(index, sharedNetwork);
  return {
    ...common,
    provider,
    podRange: cluster.podRange ?? defaults.podRange,
    serviceRange: cluster.serviceRange ?? defaults.serviceRange,
    loadBalancerRange: loadBalancerRange ?? defaults.loadBalancerRange,
    nodeAddress: cluster.node?.address ?? defaults.nodeAddress,
  };
}

const metallbManifest =
  'https://raw.githubusercontent.com/metallb/metallb/v0.14.9/config/manifests/metallb-native.yaml';

function resolveProvider(cluster: ClusterFile, absolute: (path: string) => string): ClusterProvider {
  const stated = cluster.provider ?? 'embedded';
  if (stated === 'embedded') return { type: 'embedded' };
  if (typeof stated === 'object' && 'existing' in stated) {
    const { context, kubeconfig, internalServer } = stated.existing;
    return {
      type: 'existing',
      context,
      kubeconfig: kubeconfig === undefined ? undefined : absolute(kubeconfig),
      internalServer,
    };
  }
  if (stated === 'minikube' || (typeof stated === 'object' && 'minikube' in stated)) {
    const { profile, network, memory, cpus, driver, kubernetesVersion } =
      typeof stated === 'object' ? stated.minikube : ({} as Record<string, undefined>);
    return {
      type: 'minikube',
      profile: profile ?? cluster.name,
      network: network ?? 'istio',
      memory: memory ?? '8g',
      cpus,
      driver,
      kubernetesVersion,
    };
  }
  const { name, image, metallb } = typeof stated === 'object' ? stated.kind : ({} as Record<string, undefined>);
  return {
    type: 'kind',
    clusterName: name ?? cluster.name,
    image,
    metallbManifest: metallb === undefined ? metallbManifest : /^https?:/.test(metallb) ? metallb : absolute(metallb),
  };
}

/**
 * Addresses by a cluster's place in the file, so that a change of one cluster never moves another: pods in 10.10, 10.20, ... and, from the
 * eleventh on, 10.11, 10.12, ...; services a hundred above; pools of ten addresses from .20 as in the tutorial.
 */
export function defaultAddresses(index: number, sharedNetwork: string) {
  const block = index < 10 ? 10 * (index + 1) : index + 1;
  const shared = parseCidr(sharedNetwork);
  const base = 'first' in shared ? shared.first : 0;
  const pool = base + 20 + 10 * index;
  return {
    podRange: `10.${block}.0.0/16`,
    serviceRange: `10.${100 + block}.0.0/16`,
    loadBalancerRange: formatRange({ first: pool, last: pool + 9 }),
    nodeAddress: formatAddress(base + 2 + index),
  };
}

/** Addresses for one more embedded cluster, where those by its place are taken; undefined where they are free. */
export function freeAddresses(mesh: Mesh): ReturnType<typeof defaultAddresses> | undefined {
  const place = mesh.clusters.length;
  const taken = new Set(
    mesh.clusters.flatMap((one) => [one.podRange, one.serviceRange, one.loadBalancerRange, one.nodeAddress]),
  );
  const isFree = (index: number): boolean =>
    Object.values(defaultAddresses(index, mesh.sharedNetwork.cidr)).every((one) => !taken.has(one));
  if (isFree(place)) return undefined;
  const free = Array.from({ length: 16 }, (_, index) => index).find(isFree);
  return free === undefined ? undefined : defaultAddresses(free, mesh.sharedNetwork.cidr);
}

function resolveTrust(trust: MeshFile['spec']['trust'], absolute: (path: string) => string): MeshTrust {
  const workloadTtlSeconds = secondsOf(trust?.workloadTTL ?? '24h') ?? 86_400;
  const files = trust?.files;
  if (files?.clusters)
    return {
      source: 'intermediates',
      workloadTtlSeconds,
      rootCert: absolute(files.rootCert),
      clusters: Object.fromEntries(
        Object.entries(files.clusters).map(([name, { caCert, caKey, certChain }]) => [
          name,
          { caCert: absolute(caCert), caKey: absolute(caKey), certChain: absolute(certChain) },
        ]),
      ),
    };
  if (files)
    return {
      source: 'root',
      workloadTtlSeconds,
      rootCert: absolute(files.rootCert),
      rootKey: absolute(files.rootKey ?? ''),
      intermediateDays: files.intermediateDays ?? 730,
    };
  return {
    source: 'generated',
    workloadTtlSeconds,
    rootDays: trust?.generated?.rootDays ?? 3650,
    intermediateDays: trust?.generated?.intermediateDays ?? 730,
  };
}

function withoutUndefined(program: NonNullable<MeshFile['spec']['images']>[string]): ImageProgram {
  return Object.fromEntries(
    Object.entries(program).filter(([, value]) => value !== undefined),
  ) as unknown as ImageProgram;
}
