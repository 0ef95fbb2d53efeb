/** What a kubelet is given. */
import type { KubeClient } from '../../kube/index.ts';
import type { CatalogueAddition } from './images/image.ts';
import type { NodeNetwork } from './network/index.ts';

export interface Programs {
  node: string;
  envoy: string;
  prometheus: string;
  nft: string;
  nftEnv: Record<string, string>;
  /** The folder with src/ and node_modules/. */
  isthmusRoot: string;
}

export interface KubeletOptions {
  client: KubeClient;
  nodeName: string;
  nodeAddress: string;
  listen: { address: string; port: number };
  tls: { certPem: string; keyPem: string };
  /** Whom the kubelet's own API believes. */
  clientCaPem: string;
  /** In memory: sockets, secret volumes, roots of containers. */
  runDir: string;
  /** On disk. */
  logDir: string;
  clusterDns: string;
  clusterDomain: string;
  podCidr: string;
  network: NodeNetwork;
  images: Record<string, CatalogueAddition>;
  programs: Programs;
  labels: Record<string, string>;
  log: (line: string) => void;
}

export const kubeletVersion = 'v1.36.3';
