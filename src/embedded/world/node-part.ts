/**
 * The node of a cluster: its network, service proxy, DNS and kubelet. They are clients of the Kubernetes API and of nothing else, so that
 * they join whosever API server there is.
 */
import { type KubeClient, kinds } from '../../kube/index.ts';
import { ensureDnsService, setUpNodeNetwork, startDns, startKubelet, startServiceProxy } from '../node/index.ts';
import { addressAt } from './addresses.ts';
import { clusterPaths, dnsPort, type EmbeddedCluster, kubeletPort, type WorldConfig } from './config.ts';
import type { ClusterPki } from './pki.ts';

export interface NodePartOptions {
  config: WorldConfig;
  cluster: EmbeddedCluster;
  pki: Pick<ClusterPki, 'ca' | 'kubeletServer'>;
  /** Each with the identity, and so the rights, that Kubernetes gives to its like. */
  clients: {
    kubelet: KubeClient;
    serviceProxy: KubeClient;
    dns: KubeClient;
    /** Makes the Service of the DNS and labels the node. */
    installer: KubeClient;
  };
  logger(part: string): (line: string) => void;
}

/** Returns when the node is registered and its pods are known. */
export async function startNode(options: NodePartOptions): Promise<{ stop(): Promise<void> }> {
  const { config, cluster, pki, clients, logger } = options;
  const { programs, clusterDomain } = config;
  const paths = clusterPaths(config.home, cluster.name);
  const nftEnv = programs.nftLibraryPath ? { LD_LIBRARY_PATH: programs.nftLibraryPath } : {};
  const gateway = addressAt(cluster.podRange, 1);
  const dnsAddress = addressAt(cluster.serviceRange, 10);
  const network = await setUpNodeNetwork({
    podCidr: cluster.podRange,
    serviceCidr: cluster.serviceRange,
    podBridge: 'cni0',
    gateway,
    runDir: paths.run,
  });
  const serviceProxy = await startServiceProxy({
    client: clients.serviceProxy,
    nodeName: cluster.name,
    nodeAddress: cluster.nodeAddress,
    podCidr: cluster.podRange,
    serviceCidr: cluster.serviceRange,
    externalInterface: 'eth0',
    externalNetwork: config.sharedNetwork,
    podBridge: 'cni0',
    nft: programs.nft,
    nftEnv,
    log: logger('service-proxy'),
  });
  const dns = await startDns({
    client: clients.dns,
    clusterDomain,
    listen: [{ address: gateway, port: dnsPort }],
    log: logger('dns'),
  });
  await ensureDnsService(clients.installer, { clusterIP: dnsAddress, address: gateway, port: dnsPort });
  const kubelet = await startKubelet({
    client: clients.kubelet,
    nodeName: cluster.name,
    nodeAddress: cluster.nodeAddress,
    listen: { address: cluster.nodeAddress, port: kubeletPort },
    tls: pki.kubeletServer,
    clientCaPem: pki.ca.certPem,
    runDir: paths.run,
    logDir: paths.podLogs,
    clusterDns: dnsAddress,
    clusterDomain,
    podCidr: cluster.podRange,
    network,
    images: config.images,
    programs: { ...programs, nftEnv },
    labels: {
      ...(cluster.locality?.region ? { 'topology.kubernetes.io/region': cluster.locality.region } : {}),
      ...(cluster.locality?.zone ? { 'topology.kubernetes.io/zone': cluster.locality.zone } : {}),
    },
    log: logger('kubelet'),
  });
  // A kubelet may not say this of itself; whoever installs a cluster does.
  await clients.installer.apply(
    kinds.Node,
    { metadata: { name: cluster.name, labels: { 'node-role.kubernetes.io/control-plane': '' } } },
    { fieldManager: 'kubeadm', force: true },
  );
  return {
    async stop() {
      for (const part of [kubelet, dns, serviceProxy]) await part.stop();
    },
  };
}
