/** LDS of a sidecar, inbound: one listener, whose chains say for each port what may come: mutual TLS, plain text, or both. */
import type { MeshProxy, MeshSnapshot, PortProtocol, ServicePort } from '../model.ts';
import { isHttp } from '../registry/protocol.ts';
import { type SecurityFilters, securityFilters } from '../security/filters.ts';
import { listenerAccessLogs } from '../telemetry/access-logs.ts';
import {
  httpConnectionManager,
  httpInspector,
  inspection,
  originalDst,
  reporting,
  tcpProxy,
  tlsInspector,
} from './filters.ts';
import { byTargetPort, type ServiceInstance } from './instances.ts';
import {
  blackHole,
  clusterName,
  configMetadata,
  inboundPassthrough,
  istioAlpn,
  istioHttpAlpn,
  socketAddress,
} from './names.ts';
import { type MtlsMode, mtlsMode, statedPorts } from './peer-authentication.ts';
import { peerHeaderValue } from './telemetry.ts';
import { downstreamMtls } from './tls.ts';

export type ChainKind = 'http-mtls' | 'tcp-mtls' | 'http' | 'tcp' | 'tls-passthrough';

export interface ChainRule {
  transport?: 'tls' | 'raw_buffer';
  alpn?: string[];
  kind: ChainKind;
}

const plainHttp = ['http/1.1', 'h2c'];

/** The chains of a port by its mode and protocol: table 5.5 of Istio's filter chain options. */
export function chainRules(mode: MtlsMode, protocol: PortProtocol): ChainRule[] {
  const http = isHttp(protocol);
  if (protocol === 'UNSUPPORTED') {
    const plain: ChainRule[] = [
      { transport: 'raw_buffer', alpn: plainHttp, kind: 'http' },
      { transport: 'raw_buffer', kind: 'tcp' },
    ];
    if (mode === 'DISABLE') return plain;
    const mutualHttp: ChainRule = { transport: 'tls', alpn: istioHttpAlpn, kind: 'http-mtls' };
    if (mode === 'STRICT') return [mutualHttp, { transport: 'tls', kind: 'tcp-mtls' }];
    return [
      mutualHttp,
      plain[0]!,
      { transport: 'tls', alpn: ['istio-peer-exchange', 'istio'], kind: 'tcp-mtls' },
      plain[1]!,
      { transport: 'tls', kind: 'tls-passthrough' },
    ];
  }
  if (mode === 'DISABLE') return [{ transport: 'raw_buffer', kind: http ? 'http' : 'tcp' }];
  if (mode === 'STRICT') return [{ transport: 'tls', kind: http ? 'http-mtls' : 'tcp-mtls' }];
  if (http)
    return [
      { transport: 'tls', alpn: istioAlpn, kind: 'http-mtls' },
      { transport: 'raw_buffer', kind: 'http' },
    ];
  return [
    { transport: 'tls', alpn: istioAlpn, kind: 'tcp-mtls' },
    { transport: 'tls', kind: 'tls-passthrough' },
    { transport: 'raw_buffer', kind: 'tcp' },
  ];
}

export function inboundListener(snapshot: MeshSnapshot, proxy: MeshProxy, instances: ServiceInstance[]): any {
  const workload = { namespace: proxy.namespace, labels: proxy.labels };
  const chains: any[] = [
    {
      name: 'virtualInbound-blackhole',
      filter_chain_match: { destination_port: 15_006 },
      filters: [tcpProxy(snapshot, undefined, blackHole)],
    },
  ];
  const ports = byTargetPort(instances);
  const security = securityFilters(snapshot, proxy);
  for (const [targetPort, { port, sidecar }] of ports)
    for (const rule of chainRules(mtlsMode(snapshot, workload, targetPort), port.protocol))
      chains.push({
        ...chain(
          snapshot,
          proxy,
          rule,
          { destination_port: targetPort },
          `0.0.0.0_${targetPort}`,
          clusterName('inbound', targetPort, '', ''),
          security,
          port,
        ),
        ...(sidecar ? { metadata: { filter_metadata: { istio: configMetadata('sidecar', sidecar.metadata) } } } : {}),
      });
  // What no Service declares goes by itself, and by the port's own policy where there is one.
  const undeclared = statedPorts(snapshot, workload).filter((port) => !ports.has(port));
  for (const port of [undefined, ...undeclared])
    for (const rule of chainRules(mtlsMode(snapshot, workload, port), 'UNSUPPORTED'))
      chains.push(
        chain(
          snapshot,
          proxy,
          rule,
          port === undefined ? {} : { destination_port: port },
          rule.kind.startsWith('http') ? 'virtualInbound-catchall-http' : 'virtualInbound',
          inboundPassthrough,
          security,
        ),
      );
  return {
    name: 'virtualInbound',
    address: socketAddress('0.0.0.0', 15_006),
    traffic_direction: 'INBOUND',
    listener_filters: [originalDst, ...inspectors(chains)],
    ...inspection(snapshot),
    ...listenerAccessLogs(snapshot, proxy, 'SERVER'),
    filter_chains: chains,
  };
}

/** Only what a chain asks for is inspected. */
function inspectors(chains: any[]): any[] {
  const matches = chains.map((one) => one.filter_chain_match);
  return [
    ...(matches.some((one) => one.transport_protocol === 'tls') ? [tlsInspector] : []),
    ...(matches.some((one) => one.application_protocols?.includes('http/1.1')) ? [httpInspector] : []),
  ];
}

function chain(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  rule: ChainRule,
  match: any,
  name: string,
  cluster: string,
  security: SecurityFilters,
  port?: ServicePort,
): any {
  const mutual = rule.kind.endsWith('mtls');
  const http = rule.kind.startsWith('http');
  const domains = [snapshot.meshConfig.trustDomain, ...snapshot.meshConfig.trustDomainAliases];
  const connection = reporting(proxy, 'destination', mutual);
  return {
    name,
    filter_chain_match: {
      ...match,
      ...(rule.transport ? { transport_protocol: rule.transport } : {}),
      ...(rule.alpn ? { application_protocols: rule.alpn } : {}),
    },
    ...(mutual ? { transport_socket: downstreamMtls(domains, http ? 'http' : 'tcp') } : {}),
    filters: http
      ? [
          httpConnectionManager({
            ...connection,
            snapshot,
            statPrefix: `inbound_${name}`,
            routes: { inline: inboundRoutes(proxy, cluster, port) },
            filters: security.http,
          }),
        ]
      : [...security.tcp, tcpProxy(snapshot, connection, cluster, `inbound_${name}`)],
  };
}

function inboundRoutes(proxy: MeshProxy, cluster: string, port: ServicePort | undefined): any {
  return {
    name: cluster,
    validate_clusters: false,
    response_headers_to_add: [peerHeaderValue(proxy)],
    virtual_hosts: [
      {
        name: `inbound|http|${port?.port ?? 0}`,
        domains: ['*'],
        routes: [
          {
            name: 'default',
            match: { prefix: '/' },
            route: {
              cluster,
              timeout: '0s',
              // A connection that the application closes just then is no fault of the caller's. Streams of gRPC would not stand it.
              ...(port?.protocol === 'GRPC'
                ? {}
                : { retry_policy: { retry_on: 'reset-before-request', num_retries: 2 } }),
              max_stream_duration: { max_stream_duration: '0s', grpc_timeout_header_max: '0s' },
            },
          },
        ],
      },
    ],
  };
}
