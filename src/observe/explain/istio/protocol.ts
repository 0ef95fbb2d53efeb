/** Which protocol Istio takes a service port for, and what says so. */

export interface ProtocolDecision {
  /** UNSUPPORTED: not declared, so that Envoy looks at the first bytes. */
  protocol: string;
  says: string;
}

const known = ['grpc', 'grpc-web', 'http', 'http2', 'https', 'tcp', 'tls', 'udp', 'mongo', 'redis', 'mysql'];
const wellKnown: Record<string, string> = {
  'kubernetes.io/h2c': 'HTTP2',
  'kubernetes.io/ws': 'HTTP',
  'kubernetes.io/wss': 'HTTPS',
};
/** Servers that speak first cannot be sniffed. */
const serverFirst = [25, 53, 3306, 27017];

/** appProtocol, else the port's name up to its first dash, else looking at the bytes. */
export function protocolOf(port: {
  name?: string;
  port?: number;
  appProtocol?: string;
  protocol?: string;
}): ProtocolDecision {
  if (port.protocol === 'UDP') return { protocol: 'UDP', says: 'protocol UDP' };
  const app = port.appProtocol?.toLowerCase();
  if (app && (wellKnown[app] || known.includes(app)))
    return { protocol: wellKnown[app] ?? app.toUpperCase(), says: `appProtocol ${port.appProtocol}` };
  const name = (port.name ?? '').toLowerCase();
  const prefix = name.startsWith('grpc-web') ? 'grpc-web' : (name.split('-')[0] ?? '');
  if (known.includes(prefix)) return { protocol: prefix.toUpperCase(), says: `port name ${port.name}` };
  if (serverFirst.includes(port.port ?? 0))
    return { protocol: 'TCP', says: `port ${port.port}, on which servers speak first` };
  return {
    protocol: 'UNSUPPORTED',
    says: port.name ? `port name ${port.name}, which begins with no known protocol` : 'a port without a name',
  };
}
