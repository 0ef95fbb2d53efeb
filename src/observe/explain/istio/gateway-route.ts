/** Routes of the Gateway API behind what istiod makes of them: VirtualServices that no cluster has, with a tilde in their names. */
import type { KubeObject } from '../../../kube/index.ts';

export const isMadeOfRoutes = ({ name }: { name: string }): boolean => name.includes('~');

/**
 * The HTTPRoute or GRPCRoute of an Envoy route, and the field of its rule.
 * @param name the Envoy route's: `<namespace>.<name>.<position>`, or a name that the rule has of its own
 */
export function gatewayRouteOf(
  name: string,
  namespace: string,
  routes: readonly KubeObject[],
): { object: KubeObject; field: string } | undefined {
  for (const object of routes) {
    const prefix = `${object.metadata.namespace}.${object.metadata.name}.`;
    const position = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (/^\d+$/.test(position)) return { object, field: `spec.rules[${position}]` };
  }
  for (const object of routes.filter(({ metadata }) => metadata.namespace === namespace)) {
    const index = (object['spec']?.rules ?? []).findIndex((rule: any) => rule.name === name);
    if (index >= 0) return { object, field: `spec.rules[${index}]` };
  }
  return undefined;
}
