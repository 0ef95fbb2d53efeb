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
  KIA0105: ['error', 'only mutual TLS tells this, and a workload that the policy is for does not accept it'],
  KIA0106: ['error', 'this service account is in no cluster of the mesh'],
  KIA0107: ['unknown', 'this service account is in another cluster only'],
  KIA0108: ['warning', 'this trust domain is none of the mesh'],
  KIA0109: [
    'warning',
    'it looks into requests, and workloads of the ambient mesh that it is for have no waypoint to do so',
  ],
  KIA0110: [
    'warning',
    'it looks into requests and chooses ambient workloads by a selector: a waypoint obeys policies with targetRefs only',
  ],
  KIA0201: ['warning', 'another DestinationRule is for the same host and subset'],
  KIA0202: ['error', 'this host is in the registry of no cluster of the mesh'],
  KIA0203: ['error', 'the labels of this subset match no workload in any cluster of the mesh'],
  KIA0204: [
    'warning',
    'it says nothing of TLS, and so takes the place of a wider DestinationRule that turns mutual TLS on',
  ],
  KIA0205: ['error', 'it turns mutual TLS on for the mesh, and no PeerAuthentication of the mesh does'],
  KIA0206: ['error', 'it turns mutual TLS on for the namespace, and no PeerAuthentication there does'],
  KIA0207: ['error', 'mutual TLS is off here, and a PeerAuthentication of the namespace is STRICT'],
  KIA0208: ['error', 'mutual TLS is off here, and the PeerAuthentication of the mesh is STRICT'],
  KIA0209: ['warning', 'this subset has no labels'],
  KIA0210: ['warning', 'it is about requests in a namespace of the ambient mesh that has no waypoint to carry it out'],
  KIA0211: ['warning', 'it is about requests, and the service of its host uses no waypoint to carry it out'],
  KIA0212: ['warning', "waypoints obey DestinationRules of the service's own namespace only"],
  KIA0301: ['warning', 'another Gateway has the same host, port and selector'],
  KIA0302: ['warning', 'the selector matches no workload in any cluster of the mesh'],
  KIA0401: [
    'error',
    'mutual TLS is demanded in the mesh, automatic mutual TLS is off, and no DestinationRule of the mesh turns it on',
  ],
  KIA0501: [
    'error',
    'mutual TLS is demanded in the namespace, automatic mutual TLS is off, and no DestinationRule turns it on',
  ],
  KIA0505: ['error', 'mutual TLS is off in the namespace, and a DestinationRule turns it on'],
  KIA0506: ['error', 'mutual TLS is off in the mesh, and a DestinationRule turns it on'],
  KIA0601: ['error', 'the name of the port does not begin with a protocol that Istio knows'],
  KIA0602: ['error', 'Istio does not know this appProtocol'],
  KIA0701: ['warning', 'no workload of the service has a container with this target port'],
  KIA1004: ['warning', 'this host is in the registry of no cluster of the mesh'],
  KIA1006: ['warning', 'the default Sidecar of the root namespace has a selector, which is not looked at there'],
  KIA1007: [
    'unknown',
    'outboundTrafficPolicy without a mode is REGISTRY_ONLY to some and ALLOW_ANY to others; write the mode',
  ],
  KIA1101: ['error', 'this host is in the registry of no cluster of the mesh'],
  KIA1102: ['error', 'this Gateway does not exist where the control plane reads its configuration'],
  KIA1104: ['warning', 'the only destination of the route has a weight below 100'],
  KIA1105: ['warning', 'the same host and subset is twice in this route'],
  KIA1106: ['warning', 'another VirtualService is for the same host at the same gateways'],
  KIA1107: ['warning', 'no DestinationRule that is read defines this subset'],
  KIA1108: ['unknown', 'the Gateway is named in the old form; write namespace/name'],
  KIA1109: ['warning', 'it is about requests in a namespace of the ambient mesh that has no waypoint to carry it out'],
  KIA1110: ['warning', 'workloads of the ambient mesh that it is for have no waypoint to carry it out'],
  KIA1111: ['warning', 'workloads of the ambient mesh that it is for have no waypoint to carry it out'],
  KIA1112: ['warning', 'workloads of the ambient mesh that it is for have no waypoint to carry it out'],
  KIA1113: ['warning', 'it is about requests, and the service of its host uses no waypoint to carry it out'],
  KIA1114: ['warning', "waypoints obey VirtualServices of the service's own namespace only"],
  KIA1115: [
    'warning',
    'it is for workloads of the ambient mesh, and waypoints obey only what names them by targetRefs',
  ],
  KIA1116: [
    'warning',
    'it is for workloads of the ambient mesh, and waypoints obey only what names them by targetRefs',
  ],
  KIA1117: [
    'warning',
    'it is for workloads of the ambient mesh, and waypoints obey only what names them by targetRefs',
  ],
  KIA1211: ['warning', 'another ServiceEntry has the same host and port'],
  KIA1212: ['warning', 'another ServiceEntry has the same host and port, and another protocol'],
  KIA1311: ['error', 'it asks for a sidecar and for the ambient mesh at once'],
  KIA1312: ['warning', 'it names a waypoint and is not in the ambient mesh'],
  KIA1313: ['error', 'the waypoint that it names does not exist'],
  KIA1314: ['error', 'it asks for a sidecar, and the ambient mesh has taken hold of its traffic'],
  KIA1315: ['error', 'it has a sidecar and asks for the ambient mesh'],
  KIA1316: ['warning', 'it has a sidecar in a namespace of the ambient mesh'],
  KIA1317: ['warning', 'an AuthorizationPolicy for it looks into requests, and it has no waypoint to do so'],
  KIA1401: ['error', 'the Gateway that it belongs to does not exist, or does not admit routes of this namespace'],
  KIA1402: [
    'error',
    'where it leads does not exist in any cluster of the mesh, or is in another namespace without a ReferenceGrant',
  ],
  KIA1501: ['warning', 'another Gateway of the same class has the same host, port and protocol'],
  KIA1502: ['warning', 'another Gateway asks for the same address'],
  KIA1503: ['error', 'another listener of this Gateway has the same host, port and protocol'],
  KIA1504: ['error', 'Istio does not carry out Gateways of this class'],
  KIA1601: ['error', 'this namespace is in no cluster of the mesh'],
  KIA1701: ['warning', 'this service account does not exist'],
  KIA1702: ['warning', 'another WorkloadGroup of the namespace has the same labels'],
  GWAPI: ['warning', 'its controller says that it is not well'],
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
export const allCodes = Object.keys(codes) as Code[];

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
