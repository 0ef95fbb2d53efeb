/** Which Telemetry objects hold for a proxy, and the providers that they may name. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { isAttached, selectorOf, targetsOf } from '../security/attachment.ts';

export type WorkloadMode = 'CLIENT' | 'SERVER';

/** Whether a `match.mode` is about the side; none is about both. */
export const modeFits = (mode: string | undefined, side: WorkloadMode): boolean =>
  !mode || mode === 'CLIENT_AND_SERVER' || mode === side;

/** Specs, the widest first: the root namespace's, the namespace's, and those that select the workload. Later ones go before earlier ones. */
export function applicableTelemetry(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  const all = snapshot.config.get('Telemetry') ?? [];
  const isWide = (one: KubeObject) => Object.keys(selectorOf(one)).length === 0 && targetsOf(one).length === 0;
  const wide = [...new Set([snapshot.rootNamespace, proxy.namespace])].flatMap((namespace) => {
    const one = all.find((each) => each.metadata.namespace === namespace && isWide(each));
    return one ? [one] : [];
  });
  const narrow = all.filter(
    (one) => one.metadata.namespace === proxy.namespace && !isWide(one) && isAttached(one, proxy),
  );
  return [...wide, ...narrow].map((one) => one['spec'] ?? {});
}

export interface ExtensionProvider {
  name: string;
  prometheus?: unknown;
  envoyFileAccessLog?: any;
  envoyHttpAls?: any;
  envoyTcpAls?: any;
  envoyOtelAls?: any;
}

/** Istio has these whether or not the mesh's configuration says so. */
const builtIn: ExtensionProvider[] = [
  { name: 'prometheus', prometheus: {} },
  { name: 'envoy', envoyFileAccessLog: { path: '/dev/stdout' } },
];

/** By name, in which case does not count. */
export function providerOf(snapshot: MeshSnapshot, name: string): ExtensionProvider | undefined {
  const written = (snapshot.meshConfig.raw['extensionProviders'] as ExtensionProvider[] | undefined) ?? [];
  const fits = (one: ExtensionProvider) => String(one?.name).toLowerCase() === name.toLowerCase();
  return written.find(fits) ?? builtIn.find(fits);
}

export function defaultProviders(snapshot: MeshSnapshot, kind: 'metrics' | 'accessLogging'): string[] {
  return (snapshot.meshConfig.raw['defaultProviders'] as any)?.[kind] ?? [];
}

export const providerNames = (one: any): string[] => (one.providers ?? []).map((each: any) => String(each.name));
