/** What a world is made of, as plain data: written to the state folder, read by the supervisor and by each cluster process. */

export interface WorldConfig {
  /** The state folder, absolute. */
  home: string;
  /** The network on which nodes and load-balancer addresses stand, as CIDR. Its first address is the world's own. */
  sharedNetwork: string;
  clusterDomain: string;
  clusters: EmbeddedCluster[];
  programs: Programs;
  /** Image reference to program, beside the built-in catalogue. */
  images: Record<string, CatalogueAddition>;
  /** The program of each cluster process, absolute; without it the one that joins Isthmus' own API server, controllers and node. */
  clusterProgram?: string | undefined;
}

/** What was last started from a state folder. */
export interface WorldRecord {
  config: WorldConfig;
  /** Ports on 127.0.0.1 of the API servers. */
  hostPorts: Record<string, number>;
}

export interface EmbeddedCluster {
  name: string;
  /** Pods of clusters on one network reach each other by their addresses. */
  network: string;
  nodeAddress: string;
  podRange: string;
  serviceRange: string;
  /** Node labels topology.kubernetes.io/region and /zone. */
  locality?: { region?: string | undefined; zone?: string | undefined } | undefined;
}

/** Absolute paths of what runs inside. */
export interface Programs {
  node: string;
  envoy: string;
  prometheus: string;
  nft: string;
  /** LD_LIBRARY_PATH for nft when it was unpacked and not installed. */
  nftLibraryPath?: string | undefined;
  /** The folder with src/ and node_modules/. */
  isthmusRoot: string;
}

export interface CatalogueAddition {
  command: string[];
  args?: string[] | undefined;
  env?: Record<string, string> | undefined;
  workingDir?: string | undefined;
  mounts?: string[] | undefined;
}

/** Paths of one cluster's state on disk and, inside the world, in memory. */
export function clusterPaths(home: string, cluster: string) {
  const folder = `${home}/clusters/${cluster}`;
  return {
    folder,
    pki: `${folder}/pki`,
    database: `${folder}/state.db`,
    log: `${folder}/cluster.log`,
    podLogs: `${folder}/pods`,
    volumes: `${folder}/volumes`,
    /** Exists in the world only: sockets, secret volumes and pod roots never touch the disk. */
    run: `/run/isthmus/${cluster}`,
  };
}

export const apiServerPort = 6443;
export const kubeletPort = 10250;
export const dnsPort = 53;

export const nodeNamespace = (cluster: string): string => `node-${cluster}`;

/** Argument of a supervisor for some of the clusters, which are added to a world that runs. */
export const onlyFlag = '--only=';
