/** Which policies concern a proxy: those of the root namespace and of its own, by selector, or by targetRefs for gateways of the Gateway API. */
import type { KubeObject } from '../../../kube/index.ts';
import type { ConfigKind, MeshProxy, MeshSnapshot } from '../model.ts';

const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name';

/** The root namespace's first, then the proxy's own, each by age. */
export function attachedPolicies(snapshot: MeshSnapshot, proxy: MeshProxy, kind: ConfigKind): KubeObject[] {
  const all = snapshot.config.get(kind) ?? [];
  return [...new Set([snapshot.rootNamespace, proxy.namespace])].flatMap((namespace) =>
    all.filter((one) => one.metadata.namespace === namespace && isAttached(one, proxy)),
  );
}

/** A policy with targetRefs is for what it names and nothing else; one without them selects by labels. */
export function isAttached(policy: KubeObject, proxy: MeshProxy): boolean {
  const targets = targetsOf(policy);
  const gateway = proxy.labels[gatewayNameLabel];
  if (targets.length === 0) return selects(policy, proxy);
  return targets.some(
    ({ group, kind, name }) =>
      gateway !== undefined &&
      name === gateway &&
      kind === 'Gateway' &&
      group === 'gateway.networking.k8s.io' &&
      policy.metadata.namespace === proxy.namespace,
  );
}

export function targetsOf({ spec }: KubeObject): { group?: string; kind?: string; name?: string }[] {
  if (spec?.targetRefs?.length) return spec.targetRefs;
  return spec?.targetRef ? [spec.targetRef] : [];
}

/** EnvoyFilter and Sidecar say `workloadSelector.labels`, policies `selector.matchLabels`. */
export function selectorOf({ spec }: KubeObject): Record<string, string> {
  return spec?.selector?.matchLabels ?? spec?.workloadSelector?.labels ?? {};
}

const selects = (policy: KubeObject, proxy: MeshProxy): boolean =>
  Object.entries(selectorOf(policy)).every(([key, value]) => proxy.labels[key] === value);
