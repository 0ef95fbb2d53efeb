/** The patches of EnvoyFilters that are for a proxy, in the order in which they are applied. */
import type { KubeObject } from '../../../kube/index.ts';
import { normalizedMessage } from '../../proto/index.ts';
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { attachedPolicies } from '../security/attachment.ts';

export type PatchContext = 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY';

export interface Patch {
  applyTo: string;
  operation: string;
  /** EnvoyFilter's match, as written. */
  match: any;
  /** In the form of our own resources; undefined where the operation needs none. */
  value: any;
}

/** What a patch is applied to, and the message that its value is. BOOTSTRAP is not among them: proxies have read it before they call. */
export const messages: Record<string, string> = {
  LISTENER: 'envoy.config.listener.v3.Listener',
  LISTENER_FILTER: 'envoy.config.listener.v3.ListenerFilter',
  FILTER_CHAIN: 'envoy.config.listener.v3.FilterChain',
  NETWORK_FILTER: 'envoy.config.listener.v3.Filter',
  HTTP_FILTER: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter',
  ROUTE_CONFIGURATION: 'envoy.config.route.v3.RouteConfiguration',
  VIRTUAL_HOST: 'envoy.config.route.v3.VirtualHost',
  HTTP_ROUTE: 'envoy.config.route.v3.Route',
  CLUSTER: 'envoy.config.cluster.v3.Cluster',
  EXTENSION_CONFIG: 'envoy.config.core.v3.TypedExtensionConfig',
};

/** Elsewhere, inserting is adding. */
const insertable = ['LISTENER_FILTER', 'NETWORK_FILTER', 'HTTP_FILTER', 'HTTP_ROUTE'];

export class Patches {
  readonly #all: readonly Patch[];

  constructor(all: readonly Patch[]) {
    this.#all = all;
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** Those for one kind of object, in a context or in any. */
  of(applyTo: string, context: PatchContext): Patch[] {
    return this.#all.filter((one) => one.applyTo === applyTo && [context, 'ANY'].includes(contextOf(one)));
  }

  /** Of extension configurations Istio asks no context. */
  extensions(): Patch[] {
    return this.#all.filter((one) => one.applyTo === 'EXTENSION_CONFIG' && one.operation === 'ADD');
  }
}

export const contextOf = ({ match }: Patch): string => match?.context ?? 'ANY';
export const isMerge = ({ operation }: Patch): boolean =>
  operation === 'MERGE' || operation === 'MERGE_AND_REPLACE_LIST';

/** By priority; then the root namespace's, then by age. */
export function patchesFor(snapshot: MeshSnapshot, proxy: MeshProxy): Patches {
  const filters = attachedPolicies(snapshot, proxy, 'EnvoyFilter');
  if (filters.length === 0) return none;
  const priority = (one: KubeObject): number => one['spec']?.priority ?? 0;
  return new Patches(
    filters
      .toSorted((a, b) => priority(a) - priority(b))
      .flatMap(patchesOf)
      .filter((one) => isForProxy(one, proxy)),
  );
}

const none = new Patches([]);
const known = new WeakMap<KubeObject, Patch[]>();

/** Each object is read once, however many proxies ask. A patch that cannot be read is left out, as Istio leaves it out. */
function patchesOf(object: KubeObject): Patch[] {
  const before = known.get(object);
  if (before) return before;
  const patches = ((object['spec']?.configPatches ?? []) as any[]).flatMap((one): Patch[] => {
    const message = messages[one?.applyTo];
    if (!message || !one.patch) return [];
    const inserts = String(one.patch.operation).startsWith('INSERT') && !insertable.includes(one.applyTo);
    try {
      const value = one.patch.value === undefined ? undefined : normalizedMessage(message, one.patch.value);
      const operation = inserts ? 'ADD' : (one.patch.operation ?? 'INVALID');
      if (value === undefined && operation !== 'REMOVE') return [];
      return [{ applyTo: one.applyTo, operation, match: one.match, value }];
    } catch {
      return [];
    }
  });
  known.set(object, patches);
  return patches;
}

/** Longer expressions than this fit no version: to read them is too dear. */
const longestVersion = 1024;

function isForProxy({ match }: Patch, { metadata }: MeshProxy): boolean {
  const { proxyVersion, metadata: wanted } = match?.proxy ?? {};
  if (proxyVersion) {
    const version = String(metadata['ISTIO_VERSION'] ?? '');
    if (proxyVersion.length > longestVersion || version === '' || !versionFits(proxyVersion, version)) return false;
  }
  return Object.entries(wanted ?? {}).every(([key, value]) => metadata[key] === value);
}

/** An expression that is none restricts nothing. */
function versionFits(expression: string, version: string): boolean {
  try {
    return new RegExp(expression).test(version);
  } catch {
    return true;
  }
}
