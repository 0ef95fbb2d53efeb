/** The words of find and hide, and what each is of a node or of an edge. */
import type { GraphEdge, GraphNode } from '../../api.ts';
import { edgeRate, errorPercent, nodeName, nodeRate } from './measures.ts';

export type Fact = string | number;
type NodeField = (node: GraphNode) => Fact | Fact[] | undefined;
type EdgeField = (edge: GraphEdge, source: GraphNode, target: GraphNode) => Fact | undefined;

const name = (node: GraphNode): Fact[] =>
  [nodeName(node), node.workload, node.app, node.service].filter((one) => one !== undefined);

export const nodeFields: Record<string, NodeField> = {
  name,
  cluster: (node) => node.cluster,
  ns: (node) => node.namespace,
  namespace: (node) => node.namespace,
  node: (node) => node.nodeType,
  app: (node) => node.app ?? '',
  workload: (node) => node.workload ?? '',
  wl: (node) => node.workload ?? '',
  service: (node) => node.service ?? '',
  svc: (node) => node.service ?? '',
  version: (node) => node.version ?? '',
  health: (node) => node.healthStatus ?? node.healthData?.status ?? 'NA',
  httpin: (node) => nodeRate(node, 'httpIn'),
  httpout: (node) => nodeRate(node, 'httpOut'),
  grpcin: (node) => nodeRate(node, 'grpcIn'),
  grpcout: (node) => nodeRate(node, 'grpcOut'),
  tcpin: (node) => nodeRate(node, 'tcpIn'),
  tcpout: (node) => nodeRate(node, 'tcpOut'),
};

export const edgeFields: Record<string, EdgeField> = {
  protocol: (edge) => edge.traffic.protocol,
  rps: (edge) => (edge.traffic.protocol === 'tcp' ? undefined : edgeRate(edge)),
  http: (edge) => (edge.traffic.protocol === 'http' ? edgeRate(edge) : undefined),
  grpc: (edge) => (edge.traffic.protocol === 'grpc' ? edgeRate(edge) : undefined),
  tcp: (edge) => (edge.traffic.protocol === 'tcp' ? edgeRate(edge) : undefined),
  '%error': (edge) => (edge.traffic.protocol === 'tcp' ? undefined : errorPercent(edge)),
  rt: (edge) => (edge.responseTime === undefined ? undefined : Number(edge.responseTime)),
  responsetime: (edge) => (edge.responseTime === undefined ? undefined : Number(edge.responseTime)),
  throughput: (edge) => (edge.throughput === undefined ? undefined : Number(edge.throughput)),
  '%mtls': (edge) => Number(edge.isMTLS ?? 0),
  sourceprincipal: (edge) => edge.sourcePrincipal ?? '',
  destprincipal: (edge) => edge.destPrincipal ?? '',
  from: (_edge, source) => source.cluster,
  to: (_edge, _source, target) => target.cluster,
};

export const nodeFlags: Record<string, (node: GraphNode) => boolean> = {
  idle: (node) => node.isIdle === true,
  healthy: (node) => (node.healthStatus ?? node.healthData?.status) === 'Healthy',
  gateway: (node) => node.isGateway !== undefined,
  inaccessible: (node) => node.isInaccessible === true,
  outside: (node) => node.isOutside === true,
  sidecar: (node) => node.isOutOfMesh !== true,
  serviceentry: (node) => node.isServiceEntry !== undefined,
  se: (node) => node.isServiceEntry !== undefined,
  vs: (node) => node.hasVS !== undefined,
  virtualservice: (node) => node.hasVS !== undefined,
  cb: (node) => node.hasCB === true,
  fi: (node) => node.hasFaultInjection === true,
  mirroring: (node) => node.hasMirroring === true,
  dead: (node) => node.isDead === true,
  root: (node) => node.isRoot === true,
  unknown: (node) => node.nodeType === 'unknown',
};

export const edgeFlags: Record<string, (edge: GraphEdge, source: GraphNode, target: GraphNode) => boolean> = {
  mtls: (edge) => Number(edge.isMTLS ?? 0) > 0,
  traffic: (edge) => edgeRate(edge) > 0,
  error: (edge) => errorPercent(edge) > 0,
  cross: (edge) => edge.crossCluster === true,
  crosscluster: (edge) => edge.crossCluster === true,
  crossnetwork: (edge) => edge.crossNetwork !== undefined,
  broken: (edge) => edge.broken !== undefined,
};
