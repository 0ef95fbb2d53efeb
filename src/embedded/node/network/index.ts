/** The network of a node: pod namespaces, the service proxy, cluster DNS. Knows pods and Services, and nothing of containers. */
export { type DnsOptions, ensureDnsService, startDns } from './dns.ts';
export { type NodeNetwork, type NodeNetworkOptions, type PodNetwork, setUpNodeNetwork } from './pod-network.ts';
export { type ServiceProxyOptions, startServiceProxy } from './service-proxy.ts';
