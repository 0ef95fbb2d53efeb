import type { PortProtocol } from '../model.ts';

const byAppProtocol: Record<string, PortProtocol> = {
  'kubernetes.io/h2c': 'HTTP2',
  'kubernetes.io/ws': 'HTTP',
  'kubernetes.io/wss': 'HTTPS',
};
const byPrefix: Record<string, PortProtocol> = {
  http: 'HTTP',
  http2: 'HTTP2',
  grpc: 'GRPC',
  'grpc-web': 'HTTP',
  https: 'HTTPS',
  tls: 'TLS',
  tcp: 'TCP',
  mongo: 'MONGO',
  mysql: 'MYSQL',
  redis: 'REDIS',
  udp: 'UDP',
};
/** Istio does not sniff these: SMTP, DNS, MySQL and MongoDB, of which most have the server speak first. */
const neverSniffed = new Set([25, 53, 3306, 27_017]);

/** Istio's choice (pkg/config/kube/conversion.go): appProtocol, then the name's prefix, then sniffing. */
export function portProtocol(port: {
  port: number;
  name?: string;
  protocol?: string;
  appProtocol?: string;
}): PortProtocol {
  if (port.protocol === 'UDP') return 'UDP';
  const text = (port.appProtocol ?? port.name ?? '').toLowerCase();
  const known =
    byAppProtocol[text] ?? byPrefix[text] ?? byPrefix[text.startsWith('grpc-web') ? 'grpc-web' : text.split('-')[0]!];
  return known ?? (neverSniffed.has(port.port) ? 'TCP' : 'UNSUPPORTED');
}

export const isHttp = (protocol: PortProtocol): boolean => ['HTTP', 'HTTP2', 'GRPC'].includes(protocol);
export const isHttp2 = (protocol: PortProtocol): boolean => protocol === 'HTTP2' || protocol === 'GRPC';

/** The protocol of a port that an object of Istio's configuration declares, in any case; what is not known is sniffed. */
export function statedProtocol(written: unknown): PortProtocol {
  const name = String(written ?? '').toLowerCase();
  return byPrefix[name === 'http_proxy' ? 'http' : name] ?? 'UNSUPPORTED';
}

export const isTls = (protocol: PortProtocol): boolean => protocol === 'HTTPS' || protocol === 'TLS';
