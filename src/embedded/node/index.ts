/**
 * A node: the kubelet, which runs pods as processes in namespaces, the service proxy, cluster DNS, and the Istio agent of each proxy
 * container. Its only interface to the cluster is the Kubernetes API.
 */
export { startKubelet } from './kubelet.ts';
export { ensureDnsService, setUpNodeNetwork, startDns, startServiceProxy } from './network/index.ts';
export type { KubeletOptions } from './options.ts';
