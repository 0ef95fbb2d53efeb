/** TLS of a cluster: as a DestinationRule asks for it, else mutual TLS to those endpoints that have it. */
import type { MeshProxy, MeshService, MeshSnapshot, ServicePort } from '../model.ts';
import { isHttp } from '../registry/protocol.ts';
import { sniName, typed } from './names.ts';
import { mtlsMode } from './peer-authentication.ts';
import { upstreamMtls, upstreamStatedTls } from './tls.ts';

export interface ClusterTls {
  fields: any;
  /** Envoy's upstream options: the request's host as server name, and as the name in the certificate. */
  upstream: Record<string, boolean>;
  /** Istio's note that the ALPN of the connection is not the mesh's. */
  isStated: boolean;
}

const none: ClusterTls = { fields: {}, upstream: {}, isStated: false };

export interface TlsQuestion {
  snapshot: MeshSnapshot;
  proxy: MeshProxy;
  service: MeshService;
  port: ServicePort;
  subset: string;
  policy: any;
  http2: boolean;
  /** The connection goes to the address that the client has dialled. */
  direct: boolean;
  bySelector: boolean;
}

export function clusterTls(question: TlsQuestion): ClusterTls {
  const { snapshot, service, port, subset, policy, http2, direct } = question;
  const accounts = [...service.serviceAccounts].flatMap((id) => [id, ...aliases(snapshot, id)]).sort();
  const tls = policy?.tls;
  const mode = tls?.mode ?? (tls ? 'DISABLE' : undefined);
  if (mode === 'DISABLE') return none;
  if (mode === 'SIMPLE' || mode === 'MUTUAL') return statedTls(question, accounts);
  const alpn = upstreamAlpn(port, http2);
  const sni = tls?.sni || sniName(port.port, subset, service.hostname);
  const mutual = upstreamMtls(sni, tls?.subjectAltNames ?? accounts, alpn);
  if (mode === 'ISTIO_MUTUAL') return { ...none, fields: { transport_socket: mutual } };
  if (!snapshot.meshConfig.enableAutoMtls || service.meshExternal) return none;
  if (mtlsMode(snapshot, { namespace: service.namespace, labels: {} }) === 'DISABLE') return none;
  if (direct) {
    const endpoints = snapshot.endpoints.get(service.key) ?? [];
    const all = endpoints.length > 0 && endpoints.every((one) => one.tlsMode === 'istio');
    return all ? { ...none, fields: { transport_socket: mutual } } : none;
  }
  return {
    ...none,
    fields: {
      transport_socket_matches: [
        { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transport_socket: mutual },
        {
          name: 'tlsMode-disabled',
          match: {},
          transport_socket: {
            name: 'envoy.transport_sockets.raw_buffer',
            typed_config: typed('extensions.transport_sockets.raw_buffer.v3.RawBuffer'),
          },
        },
      ],
    },
  };
}

/** Credentials of Secrets are for gateways, and for sidecars that the rule selects by name: others may not read them. */
function statedTls({ proxy, service, policy, http2, bySelector }: TlsQuestion, accounts: string[]): ClusterTls {
  const { tls } = policy;
  const isSecret = tls.credentialName && !tls.credentialName.startsWith('configmap://');
  if (isSecret && proxy.type === 'sidecar' && !bySelector) return { ...none, isStated: true };
  if (tls.mode === 'MUTUAL' && !tls.credentialName && !(tls.clientCertificate && tls.privateKey)) return none;
  const byHost = !tls.sni;
  const judged = byHost && !tls.subjectAltNames?.length && !tls.insecureSkipVerify;
  return {
    fields: {
      transport_socket: upstreamStatedTls(tls, service.origin === 'ServiceEntry' ? accounts : [], http2),
    },
    upstream: { ...(byHost ? { auto_sni: true } : {}), ...(judged ? { auto_san_validation: true } : {}) },
    isStated: true,
  };
}

/**
 * Istio's ALPN says to the peer what will come; upstream Envoy has no filter that sets it per request, and for declared protocols none is
 * needed. Undeclared ones get `istio`, which the HTTP connection manager of sniffed ports overrides by filter state.
 */
export function upstreamAlpn(port: ServicePort, http2: boolean): string[] {
  if (http2) return ['istio-h2', 'istio', 'h2'];
  return isHttp(port.protocol) ? ['istio-http/1.1', 'istio'] : ['istio-peer-exchange', 'istio'];
}

function aliases(snapshot: MeshSnapshot, id: string): string[] {
  const own = `spiffe://${snapshot.meshConfig.trustDomain}/`;
  return id.startsWith(own)
    ? snapshot.meshConfig.trustDomainAliases.map((alias) => `spiffe://${alias}/${id.slice(own.length)}`)
    : [];
}
