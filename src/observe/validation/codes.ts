/** Kiali's codes with our words, and our own for what spans clusters. `unknown` is Kiali's value for an information. */
import type { IstioCheck, Severity } from '../types/index.ts';

const codes = {
  KIA0002: ['error', 'several objects without a selector are in this namespace; which of them holds is not defined'],
  KIA0003: ['error', 'several objects select the same workload; which of them holds is not defined'],
  KIA0004: ['warning', 'the selector matches no workload of the namespace in any cluster of the mesh'],
  KIA0005: ['error', 'exportTo names a namespace that is in no cluster of the mesh'],
  KIA0101: ['warning', 'this namespace is in no cluster of the mesh'],
  KIA0102: ['warning', 'this is neither an HTTP method nor the path of a gRPC method'],
  KIA0104: ['error', 'this host is in the registry of no cluster of the mesh'],
  KIA0106: ['error', 'this service account is in no cluster of the mesh'],
  KIA0107: ['unknown', 'this service account is in another cluster only'],
  KIA0108: ['warning', 'this trust domain is none of the mesh'],
  KIA0201: ['warning', 'another DestinationRule is for the same host and subset'],
  KIA0202: ['error', 'this host is in the registry of no cluster of the mesh'],
  KIA0203: ['error', 'the labels of this subset match no workload in any cluster of the mesh'],
  KIA0207: ['error', 'mutual TLS is off here, and a PeerAuthentication of the namespace is STRICT'],
  KIA0208: ['error', 'mutual TLS is off here, and the PeerAuthentication of the mesh is STRICT'],
  KIA0209: ['warning', 'this subset has no labels'],
  KIA0301: ['warning', 'another Gateway has the same host, port and selector'],
  KIA0302: ['warning', 'the selector matches no workload in any cluster of the mesh'],
  KIA0505: ['error', 'mutual TLS is off in the namespace, and a DestinationRule turns it on'],
  KIA0506: ['error', 'mutual TLS is off in the mesh, and a DestinationRule turns it on'],
  KIA0601: ['error', 'the name of the port does not begin with a protocol that Istio knows'],
  KIA0602: ['error', 'Istio does not know this appProtocol'],
  KIA1004: ['warning', 'this host is in the registry of no cluster of the mesh'],
  KIA1006: ['warning', 'the default Sidecar of the root namespace has a selector, which is not looked at there'],
  KIA1101: ['error', 'this host is in the registry of no cluster of the mesh'],
  KIA1102: ['error', 'this Gateway does not exist where the control plane reads its configuration'],
  KIA1104: ['warning', 'the only destination of the route has a weight below 100'],
  KIA1105: ['warning', 'the same host and subset is twice in this route'],
  KIA1106: ['warning', 'another VirtualService is for the same host at the same gateways'],
  KIA1107: ['warning', 'no DestinationRule that is read defines this subset'],
  KIA1108: ['unknown', 'the Gateway is named in the old form; write namespace/name'],
  KIA1211: ['warning', 'another ServiceEntry has the same host and port'],
  KIA1212: ['warning', 'another ServiceEntry has the same host and port, and another protocol'],
  KIA1701: ['warning', 'this service account does not exist'],
  KIA1702: ['warning', 'another WorkloadGroup of the namespace has the same labels'],
  ISTHMUS0001: [
    'warning',
    'no control plane reads this object: the istiod that serves this cluster reads configuration in its own cluster',
  ],
  ISTHMUS0002: ['warning', 'control planes read different objects of this name, so that the mesh follows two rules'],
  ISTHMUS0003: [
    'error',
    'mutual TLS is off here, and endpoints of the host are on several networks: gateways between them pass mutual TLS only',
  ],
  ISTHMUS0004: [
    'warning',
    'clusters that have workloads in the mesh lack this service, so that its name is not resolved there',
  ],
  ISTHMUS0005: [
    'warning',
    'services of this name differ between clusters in their ports; ports are taken from one of them',
  ],
} as const satisfies Record<string, [Severity, string]>;

export type Code = keyof typeof codes;

/** @param softer the severity where it is less than the table says */
export function check(
  code: Code,
  path: string,
  extra: { detail?: string; fix?: string; softer?: Severity } = {},
): IstioCheck {
  const [severity, message] = codes[code];
  return {
    code,
    message: extra.detail ? `${message}: ${extra.detail}` : message,
    severity: extra.softer ?? severity,
    path,
    ...(extra.fix ? { fix: extra.fix } : {}),
  };
}
