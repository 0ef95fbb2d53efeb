/** A text to begin with for each kind: what every such object has, to be filled in. */

const specs: Record<string, string> = {
  VirtualService: 'hosts:\n  - SERVICE\nhttp:\n  - route:\n      - destination:\n          host: SERVICE',
  DestinationRule: 'host: SERVICE\ntrafficPolicy: {}',
  Gateway:
    'selector:\n  istio: ingressgateway\nservers:\n  - port:\n      number: 80\n      name: http\n      protocol: HTTP\n    hosts:\n      - HOST',
  ServiceEntry:
    'hosts:\n  - HOST\nlocation: MESH_EXTERNAL\nresolution: DNS\nports:\n  - number: 443\n    name: tls\n    protocol: TLS',
  Sidecar: 'egress:\n  - hosts:\n      - ./*\n      - istio-system/*',
  WorkloadEntry: 'address: ADDRESS\nlabels:\n  app: APP',
  WorkloadGroup: 'template:\n  serviceAccount: ACCOUNT',
  PeerAuthentication: 'mtls:\n  mode: STRICT',
  RequestAuthentication: 'jwtRules:\n  - issuer: ISSUER\n    jwksUri: URL',
  AuthorizationPolicy:
    'action: ALLOW\nrules:\n  - from:\n      - source:\n          namespaces:\n            - NAMESPACE',
  Telemetry: 'accessLogging:\n  - providers:\n      - name: envoy',
};

export function templateOf(apiVersion: string, kind: string, namespace: string): string {
  const spec = (specs[kind] ?? '{}').split('\n');
  const body =
    spec.length === 1 && spec[0] === '{}' ? 'spec: {}' : `spec:\n${spec.map((line) => `  ${line}`).join('\n')}`;
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: \n  namespace: ${namespace}\n${body}\n`;
}
