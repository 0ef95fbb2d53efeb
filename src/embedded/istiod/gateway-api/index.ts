/**
 * The Gateway API as Istio has it: its objects become Gateways and VirtualServices before any proxy is told of them, so that the generators
 * know of it only what these say in annotations. What is said back (conditions, addresses) and what is deployed is in controller.ts.
 */
import type { KubeObject } from '../../../kube/index.ts';
import { controllerOf, servicesOf } from './classes.ts';
import { listenersOf } from './listeners.ts';
import { attachmentsOf } from './parents.ts';
import { parentReports } from './route-reports.ts';
import { partsOf, type RoutePart, rulesOf } from './routes.ts';
import {
  type Conversion,
  controllerName,
  type GatewayApiInput,
  type GatewayReport,
  noWaypoints,
  type RouteReport,
  routeKinds,
  unmanagedController,
  waypointController,
} from './types.ts';
import { virtualServicesOf } from './virtual-services.ts';

/** Gateways of classes that are not Istio's, and routes that name none of ours, are left to others. */
export function convertGatewayApi(input: GatewayApiInput): Conversion {
  const gatewayReports = input.gateways.flatMap((gateway) => reportOf(gateway, input));
  const listeners = gatewayReports.flatMap((one) => one.listeners);
  const routeReports: RouteReport[] = [];
  const parts: RoutePart[] = [];
  for (const kind of routeKinds)
    for (const route of input.routes.get(kind) ?? []) {
      const attachments = attachmentsOf(kind, route, listeners, input);
      const made = rulesOf(kind, route, attachments, input);
      routeReports.push({ kind, route, parents: parentReports(route, made) });
      parts.push(...partsOf(kind, route, made));
      for (const { listener, denied } of attachments)
        if (listener && !denied) count(gatewayReports, listener.gateway, listener.name);
    }
  return {
    gateways: listeners.flatMap(({ converted }) => converted ?? []),
    virtualServices: virtualServicesOf(parts),
    gatewayReports,
    routeReports,
  };
}

function reportOf(gateway: KubeObject, input: GatewayApiInput): GatewayReport[] {
  const controller = controllerOf(gateway, input.classes);
  const unserved = { gateway, listeners: [], services: [], problem: undefined, attached: new Map<string, number>() };
  if (controller === unmanagedController) return [{ ...unserved, isRemote: true }];
  if (controller === waypointController)
    return [{ ...unserved, isRemote: false, refusal: { reason: 'Invalid', message: noWaypoints } }];
  if (controller !== controllerName) return [];
  const services = servicesOf(gateway, input.domain);
  const addresses: any[] = gateway['spec'].addresses ?? [];
  const skipped = addresses.length > 1 ? addresses.filter(({ type }) => type !== 'Hostname') : [];
  const problem =
    skipped.length === 0
      ? undefined
      : {
          reason: 'UnsupportedAddress',
          message: `only Hostname is supported, ignoring [${skipped.map(({ value }) => value).join(' ')}]`,
        };
  const listeners = services.length === 0 ? [] : listenersOf(gateway, services, input);
  return [{ gateway, isRemote: false, listeners, services, problem, attached: new Map() }];
}

function count(reports: GatewayReport[], gateway: KubeObject, listener: string): void {
  const report = reports.find((one) => one.gateway === gateway);
  if (!report) return;
  const attached = report.attached as Map<string, number>;
  attached.set(listener, (attached.get(listener) ?? 0) + 1);
}
