/** A mesh as plain data, every default filled in. Made by `parseMesh` and `defaultMesh` only. */

export interface Mesh {
  /** metadata.name. */
  name: string;
  /** Istio's meshID. */
  meshID: string;
  trustDomain: string;
  /** Kubernetes' cluster domain, the same in all clusters. */
  clusterDomain: string;
  /** The network on which embedded nodes and their load-balancer addresses stand. */
  sharedNetwork: { cidr: string };
  /** In the order of the file; at least one primary. */
  clusters: MeshCluster[];
  trust: MeshTrust;
  gateways: { eastWest: { replicas: number } };
  telemetry: {
    /** Prometheus in every cluster. */
    enabled: boolean;
    /** Primaries' Prometheus takes in the series of the others. */
    federation: boolean;
    scrapeIntervalSeconds: number;
  };
  sample: { enabled: boolean; namespace: string };
  controlPlane: {
    /** Proxies write a line per request to their standard output. */
    accessLog: boolean;
    /** Whose istiod: Isthmus' own, which the embedded engine has, or Istio's. */
    implementation: 'isthmus' | 'istio';
    /** How Istio's is installed. */
    istio: IstioInstallation;
  };
  /** Undefined where it is not to be installed. */
  kiali: KialiInstallation | undefined;
  /** Image reference to program, beside the built-in catalogue of the embedded engine. */
  images: Record<string, ImageProgram>;
}

export interface IstioInstallation {
  /** Which of Istio's installers renders its objects. */
  installer: 'istioctl' | 'helm';
  /** The installer's program: an absolute path, or a name that is looked for in PATH. */
  program: string;
  /** Helm charts: a folder or a repository, which holds base and istiod; undefined for those of Istio's own repository. */
  charts: string | undefined;
  /** Version of the images; undefined for the installer's own. */
  version: string | undefined;
  hub: string;
  /** undefined for the default revision. */
  revision: string | undefined;
  /** Proxies run upstream Envoy, which lacks Istio's filters; metrics come from an EnvoyFilter then. */
  upstreamEnvoy: boolean;
  /** Helm values beside those that Isthmus sets. */
  values: Record<string, unknown>;
}

export interface KialiInstallation {
  /** The cluster in which it runs, by name: one of the mesh, or the management cluster. */
  homeCluster: string;
  /** Where the home is no cluster of the mesh: how it is found. */
  management: Pick<Extract<ClusterProvider, { type: 'existing' }>, 'context' | 'kubeconfig'> | undefined;
  /** Kiali's auth.strategy. */
  auth: 'anonymous' | 'token' | 'openid';
  /** Its accounts, in all clusters, have no rights to write. */
  viewOnly: boolean;
  /** URL of the Prometheus that it asks; undefined for that of the home cluster. */
  prometheus: string | undefined;
  /** Helm: an absolute path, or a name that is looked for in PATH. */
  program: string;
  /** Folder, archive, OCI reference or repository of the chart kiali-server; undefined for Kiali's own repository. */
  chart: string | undefined;
  /** Version of the chart; undefined for the newest. */
  version: string | undefined;
  /** Helm values beside those that Isthmus sets. */
  values: Record<string, unknown>;
}

export type ClusterRole = 'primary' | 'remote';

export interface MeshCluster {
  name: string;
  /** Istio's network: workloads of one network reach each other without a gateway. */
  network: string;
  role: ClusterRole;
  /** The cluster whose istiod serves this one; a primary's own name. */
  primary: string;
  provider: ClusterProvider;
  /** CIDR; undefined for an existing cluster that does not say it. */
  podRange: string | undefined;
  serviceRange: string | undefined;
  /** `first-last`; undefined for an existing cluster that has load-balancer addresses of its own. */
  loadBalancerRange: string | undefined;
  /** Embedded clusters only. */
  nodeAddress: string | undefined;
  locality: { region: string | undefined; zone: string | undefined };
}

export type ClusterProvider =
  | { type: 'embedded' }
  | {
      type: 'existing';
      context: string;
      /** Absolute path; undefined for $KUBECONFIG or the one in the home folder. */
      kubeconfig: string | undefined;
      /** URL of the API server for other clusters, where it is not the one of the kubeconfig. */
      internalServer: string | undefined;
    }
  | {
      type: 'minikube';
      /** Also the context's name. */
      profile: string;
      /** Docker or libvirt network that all profiles share. */
      network: string;
      /** As minikube takes it: 8g. */
      memory: string;
      cpus: number | undefined;
      driver: string | undefined;
      kubernetesVersion: string | undefined;
    }
  | {
      type: 'kind';
      /** The context's name without kind-. */
      clusterName: string;
      image: string | undefined;
      /** File or URL of MetalLB's manifest. */
      metallbManifest: string;
    };

/** A cluster whose engine is made here, so that all its addresses are known. */
export interface EmbeddedMeshCluster extends MeshCluster {
  provider: { type: 'embedded' };
  podRange: string;
  serviceRange: string;
  loadBalancerRange: string;
  nodeAddress: string;
}

export type MeshTrust = {
  /** Life of a workload's certificate. */
  workloadTtlSeconds: number;
} & (
  | { source: 'generated'; rootDays: number; intermediateDays: number }
  /** The user's root signs one intermediate per cluster. Absolute paths. */
  | { source: 'root'; rootCert: string; rootKey: string; intermediateDays: number }
  /** The user brings each cluster's intermediate too. Absolute paths. */
  | { source: 'intermediates'; rootCert: string; clusters: Record<string, IntermediateFiles> }
);

export interface IntermediateFiles {
  caCert: string;
  caKey: string;
  /** From the intermediate to the root, as in Istio's cert-chain.pem. */
  certChain: string;
}

export interface ImageProgram {
  command: string[];
  args?: string[];
  env?: Record<string, string>;
  workingDir?: string;
  /** Host folders that the container sees, read-only, at the same path. */
  mounts?: string[];
}

export function isEmbedded(cluster: MeshCluster): cluster is EmbeddedMeshCluster {
  return cluster.provider.type === 'embedded';
}

/** The primaries, in the order of the file. */
export function primariesOf(mesh: Mesh): MeshCluster[] {
  return mesh.clusters.filter((cluster) => cluster.role === 'primary');
}

/** Whether workloads stand on more than one network, so that gateways must lead from one to the other. */
export function crossesNetworks(mesh: Mesh): boolean {
  return new Set(mesh.clusters.map((cluster) => cluster.network)).size > 1;
}

/** A cluster needs an east-west gateway where other networks must come in, and where remotes must come to its control plane. */
export function hasGateway(mesh: Mesh, cluster: MeshCluster): boolean {
  return crossesNetworks(mesh) || remotesOf(mesh, cluster.name).length > 0;
}

/** The primaries whose istiods read a cluster beside its own: in Istio each control plane discovers the endpoints of all clusters. */
export function readersOf(mesh: Mesh, cluster: MeshCluster): MeshCluster[] {
  return primariesOf(mesh).filter((primary) => primary.name !== cluster.name);
}

/** Kiali's home where it is no cluster of the mesh, for whoever looks clusters up; its role and network mean nothing. */
export function managementClusterOf({ kiali }: Pick<Mesh, 'kiali'>): MeshCluster | undefined {
  if (!kiali?.management) return undefined;
  return {
    ...{ name: kiali.homeCluster, network: '', role: 'remote', primary: '' },
    provider: { type: 'existing', internalServer: undefined, ...kiali.management },
    ...{ podRange: undefined, serviceRange: undefined, loadBalancerRange: undefined, nodeAddress: undefined },
    locality: { region: undefined, zone: undefined },
  };
}

/** Whether other clusters read this one's API server: istiods of primaries, or Kiali. */
export function isReadByOthers(mesh: Mesh, cluster: MeshCluster): boolean {
  return readersOf(mesh, cluster).length > 0 || (mesh.kiali !== undefined && mesh.kiali.homeCluster !== cluster.name);
}

/** The remotes that a primary's istiod serves, in the order of the file. */
export function remotesOf(mesh: Mesh, primary: string): MeshCluster[] {
  return mesh.clusters.filter((cluster) => cluster.role === 'remote' && cluster.primary === primary);
}
