/** Names that both ends must agree on, as Istio forms them. */
export const clusterName = (direction: 'outbound' | 'inbound', port: number, subset: string, host: string): string =>
  `${direction}|${port}|${subset}|${host}`;

/** The SNI of a service's port, which is also the name of the gateway's cluster for it. */
export const sniName = (port: number, subset: string, host: string): string => `outbound_.${port}_.${subset}_.${host}`;

export interface ParsedCluster {
  direction: string;
  port: number;
  subset: string;
  host: string;
  isSni: boolean;
}

/** Takes either form apart; undefined for other names. */
export function parseClusterName(name: string): ParsedCluster | undefined {
  const plain = /^(outbound|inbound)\|(\d+)\|([^|]*)\|(.*)$/.exec(name);
  if (plain) return { direction: plain[1]!, port: Number(plain[2]), subset: plain[3]!, host: plain[4]!, isSni: false };
  const sni = /^outbound_\.(\d+)_\.([^_]*)_\.(.+)$/.exec(name);
  if (sni)
    return {
      direction: 'outbound',
      port: Number(sni[1]),
      subset: sni[2]!,
      host: sni[3]!,
      isSni: true,
    };
  return undefined;
}

export const blackHole = 'BlackHoleCluster';
export const passthrough = 'PassthroughCluster';
export const inboundPassthrough = 'InboundPassthroughCluster';

const prefix = 'type.googleapis.com/';

/** A typed extension in canonical JSON. */
export const typed = (name: string, value: Record<string, unknown> = {}) => ({
  '@type': `${prefix}envoy.${name}`,
  ...value,
});

export const typeUrls = {
  cluster: `${prefix}envoy.config.cluster.v3.Cluster`,
  endpoint: `${prefix}envoy.config.endpoint.v3.ClusterLoadAssignment`,
  listener: `${prefix}envoy.config.listener.v3.Listener`,
  route: `${prefix}envoy.config.route.v3.RouteConfiguration`,
  extension: `${prefix}envoy.config.core.v3.TypedExtensionConfig`,
  secret: `${prefix}envoy.extensions.transport_sockets.tls.v3.Secret`,
} as const;

export const socketAddress = (address: string, port: number) => ({ socket_address: { address, port_value: port } });

/** The five ALPN values by which Istio's proxies know each other. */
export const istioAlpn = ['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
export const istioHttpAlpn = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'];

/** Istio's metadata on what was made from an object of its configuration: kind in kebab case. */
export const configMetadata = (kind: string, { namespace = '', name = '' }: { namespace?: string; name?: string }) => ({
  config: `/apis/networking.istio.io/v1/namespaces/${namespace}/${kind}/${name}`,
});

/** The SDS name of a credential: a plain name is a Secret beside the proxy. */
export const credentialResource = (name: string): string => (name.includes('://') ? name : `kubernetes://${name}`);
