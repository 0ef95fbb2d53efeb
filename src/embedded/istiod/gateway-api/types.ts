/** What the conversion reads and what it makes. Objects of the Gateway API are loose, as their CustomResourceDefinitions have checked them. */
import type { Condition, KubeObject } from '../../../kube/index.ts';

export const group = 'gateway.networking.k8s.io';
/** The name by which Istio stands in `controllerName`, and its classes. */
export const controllerName = 'istio.io/gateway-controller';
export const unmanagedController = 'istio.io/unmanaged-gateway';
/** Waypoints of ambient meshes. */
export const waypointController = 'istio.io/mesh-controller';
export const noWaypoints = 'this control plane serves no ambient mesh: it has no waypoints';

export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TCPRoute' | 'TLSRoute';
export const routeKinds: readonly RouteKind[] = ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute'];

/** Objects of the config cluster, the oldest first. */
export interface GatewayApiInput {
  domain: string;
  classes: readonly KubeObject[];
  gateways: readonly KubeObject[];
  routes: ReadonlyMap<RouteKind, readonly KubeObject[]>;
  grants: readonly KubeObject[];
  namespaces: readonly KubeObject[];
  serviceEntries: readonly KubeObject[];
  hasService(namespace: string, name: string): boolean;
  /** Why a Secret is no certificate; undefined when it is one. */
  certificateProblem(namespace: string, name: string): string | undefined;
}

/** Why something does not hold, by the reasons of the Gateway API. */
export interface Problem {
  reason: string;
  message: string;
}

export type ConditionFacts = Pick<Condition, 'status'> & { reason: string; message: string };
export type Conditions = Readonly<Record<string, ConditionFacts>>;

export const holds = (reason: string, message: string): ConditionFacts => ({ status: 'True', reason, message });
export const fails = ({ reason, message }: Problem): ConditionFacts => ({ status: 'False', reason, message });

/** A listener of a Gateway, which is an Istio Gateway of its own: routes may ask for it alone. */
export interface Listener {
  gateway: KubeObject;
  name: string;
  port: number;
  protocol: string;
  /** As written; empty for any. */
  hostname: string;
  /** `<namespace>/<hostname>` for each namespace whose routes may attach; `~` for none. */
  hosts: string[];
  kinds: RouteKind[];
  conditions: Conditions;
  isValid: boolean;
  /** The Istio Gateway; undefined where nothing can be served. */
  converted: KubeObject | undefined;
}

export interface GatewayReport {
  gateway: KubeObject;
  isRemote: boolean;
  listeners: Listener[];
  /** Hosts of the Services through which it is reached. */
  services: string[];
  problem: Problem | undefined;
  /** Why it is served not at all. */
  refusal?: Problem;
  /** Routes by the name of the listener. */
  attached: ReadonlyMap<string, number>;
}

export interface ParentReport {
  parentRef: any;
  conditions: Conditions;
}

export interface RouteReport {
  kind: RouteKind;
  route: KubeObject;
  parents: ParentReport[];
}

export interface Conversion {
  gateways: KubeObject[];
  virtualServices: KubeObject[];
  gatewayReports: GatewayReport[];
  routeReports: RouteReport[];
}
