/** VirtualServices of all routes. HTTP rules about one name of one Gateway are one list, by the precedence of the Gateway API. */
import type { KubeObject } from '../../../kube/index.ts';
import { byPrecedence } from './precedence.ts';
import type { RoutePart } from './routes.ts';

const fields = { HTTPRoute: 'http', GRPCRoute: 'http', TCPRoute: 'tcp', TLSRoute: 'tls' } as const;

/** @param parts in the order of their routes' age */
export function virtualServicesOf(parts: RoutePart[]): KubeObject[] {
  const merged = new Map<string, RoutePart[]>();
  for (const part of parts) {
    const key = `${part.key}/${part.host}/${fields[part.kind]}`;
    merged.set(key, [...(merged.get(key) ?? []), part]);
  }
  return [...merged.values()].map(virtualService);
}

function virtualService(parts: RoutePart[]): KubeObject {
  const { route, kind, host, gateway, key } = parts[0]!;
  const field = fields[kind];
  const rules = parts.flatMap((part) => part.rules);
  const parents = parts.map((part) => `${part.kind}/${part.route.metadata.name}.${part.route.metadata.namespace}`);
  const base = field === 'http' ? '' : `${route.metadata.name}~${field}~`;
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: {
      name: `${base}${`${key}/${host}`.replaceAll('/', '~')}`,
      namespace: route.metadata.namespace ?? '',
      creationTimestamp: route.metadata.creationTimestamp ?? '',
      annotations: {
        'internal.istio.io/parents': [...new Set(parents)].join(','),
        'internal.istio.io/route-semantics': 'gateway',
      },
    },
    spec: { hosts: [host], gateways: [gateway], [field]: field === 'http' ? byPrecedence(rules) : rules },
  };
}
