/** One ADS stream: what its client subscribes to, and what it is sent when the mesh changes. Both protocols share everything but the form. */
import { messageOf } from '../../../errors/index.ts';
import type { MeshChange, MeshProxy, MeshSnapshot, PeerIdentity, PolicyChange, ScopedKind } from '../model.ts';
import {
  clustersFor,
  endpointsFor,
  extensionFor,
  listenersFor,
  parseClusterName,
  routesFor,
  typeUrls,
} from '../networking/index.ts';
import { isDebugType } from './debug.ts';
import { encodeCached } from './encode.ts';
import {
  type DeltaRequest,
  type EncodedResource,
  type NodeFacts,
  readDeltaRequest,
  readStateRequest,
  writeDeltaResponse,
  writeStateResponse,
} from './messages.ts';
import { proxyOf } from './proxy.ts';
import { Subscription } from './subscription.ts';

export type Protocol = 'delta' | 'state-of-the-world';

/** The order in which Envoy must learn things: clusters and their endpoints before what leads to them. */
const pushOrder = [typeUrls.cluster, typeUrls.endpoint, typeUrls.listener, typeUrls.route, typeUrls.extension];

/** What a policy of the kind may change. */
const policyTypes: Record<ScopedKind, string[]> = {
  AuthorizationPolicy: [typeUrls.listener],
  RequestAuthentication: [typeUrls.listener],
  Telemetry: [typeUrls.listener],
  EnvoyFilter: [typeUrls.cluster, typeUrls.listener, typeUrls.route, typeUrls.extension],
};

const sameLabels = (a: MeshProxy | undefined, b: MeshProxy | undefined): boolean =>
  JSON.stringify(a?.labels) === JSON.stringify(b?.labels);

/** Kinds of which there is no whole: each name is answered when there is something to answer. */
const oneByOne: ReadonlySet<string> = new Set([typeUrls.secret]);

const messageNames: Record<string, string> = Object.fromEntries(
  Object.values(typeUrls).map((url) => [url, url.replace('type.googleapis.com/', '')]),
);

export interface ConnectionOptions {
  id: string;
  protocol: Protocol;
  identity: PeerIdentity;
  snapshot: () => MeshSnapshot;
  write: (bytes: Buffer) => void;
  /** The SDS resource of that name for the proxy, if it may have it. */
  secret: (proxy: MeshProxy, name: string) => unknown;
  debug: (typeUrl: string, names: readonly string[]) => Promise<EncodedResource[]>;
  log: (line: string) => void;
}

/** Envoy repeats the whole resource between what it is about and what is wrong with it. */
function shortened(error: string): string {
  const text = error.replace(/\s+/g, ' ');
  return text.length > 600 ? `${text.slice(0, 150)} ... ${text.slice(-400)}` : text;
}

export class Connection {
  readonly id: string;
  readonly connectedAt = new Date();
  readonly #options: ConnectionOptions;
  readonly subscriptions = new Map<string, Subscription>();
  #node: NodeFacts | undefined;
  proxy: MeshProxy | undefined;
  #nonce = 0;
  rejections = 0;

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.#options = options;
  }

  /** @throws Error for a client that is not who its node says, which ends the stream. */
  receive(bytes: Uint8Array): void {
    if (this.#options.protocol === 'delta') this.#receiveDelta(readDeltaRequest(bytes));
    else this.#receiveState(readStateRequest(bytes));
  }

  #receiveDelta(request: DeltaRequest): void {
    if (isDebugType(request.typeUrl)) return this.#answerDebug(request.typeUrl, request.subscribe, request.nonce);
    this.#identify(request.node);
    const { subscription, acknowledged } = this.#take(request.typeUrl, request.nonce, request.error);
    const { force, asksForMore } = subscription.request(
      request.subscribe,
      request.unsubscribe,
      request.initialVersions,
    );
    if (acknowledged && !asksForMore) return;
    if (!asksForMore && request.unsubscribe.length > 0) return;
    if (!asksForMore) return;
    const sent = this.#send(request.typeUrl, force, true);
    if (request.typeUrl === typeUrls.cluster) this.#sendEndpointsOf(sent);
  }

  #receiveState(request: ReturnType<typeof readStateRequest>): void {
    if (isDebugType(request.typeUrl)) return this.#answerDebug(request.typeUrl, request.names, request.nonce);
    this.#identify(request.node);
    const { subscription } = this.#take(request.typeUrl, request.nonce, request.error);
    // An answer to an older response says nothing of the newest one.
    if (request.nonce !== '' && request.nonce !== subscription.nonceSent) return;
    const { asksForMore } = subscription.state(request.names);
    if (asksForMore) this.#send(request.typeUrl, request.names, true);
  }

  /**
   * An acknowledgement asks for nothing. It is known by a nonce of ours: istioctl sends one of its own with its first request.
   * @throws Error for callers from other namespaces than the control plane's own, as Istio refuses them
   */
  #answerDebug(typeUrl: string, names: readonly string[], nonce: string): void {
    const { identity, snapshot, debug, write, log, protocol } = this.#options;
    if (nonce.startsWith(`${this.id}-`)) return;
    if (identity.namespace !== snapshot().rootNamespace)
      throw new Error(`the debug info is not available for current identity: ${identity.id}`);
    const answer = (resources: EncodedResource[]): void => {
      const response = { version: '', typeUrl, nonce: `${this.id}-${++this.#nonce}`, resources };
      write(protocol === 'delta' ? writeDeltaResponse({ ...response, removed: [] }) : writeStateResponse(response));
    };
    debug(typeUrl, names).then(answer, (error) => log(`${typeUrl} ${names.join(', ')}: ${messageOf(error)}`));
  }

  #identify(node: NodeFacts | undefined): void {
    if (this.#node || !node) {
      if (!this.#node) throw new Error('the first request of a stream must say which node it is');
      return;
    }
    const proxy = proxyOf(node, this.#options.snapshot());
    const { namespace, serviceAccount } = this.#options.identity;
    if (proxy.namespace !== namespace || (proxy.serviceAccount && proxy.serviceAccount !== serviceAccount))
      throw new Error(
        `node ${proxy.name}.${proxy.namespace} with account ${proxy.serviceAccount} is not who calls: ${this.#options.identity.id}`,
      );
    this.#node = node;
    this.proxy = proxy;
  }

  #take(
    typeUrl: string,
    nonce: string,
    error: string | undefined,
  ): { subscription: Subscription; acknowledged: boolean } {
    const subscription = this.subscriptions.get(typeUrl) ?? new Subscription();
    this.subscriptions.set(typeUrl, subscription);
    if (error !== undefined) {
      this.rejections++;
      subscription.lastError = error;
      this.#options.log(`${this.proxy?.name ?? this.id} refuses ${typeUrl.split('.').at(-1)}: ${shortened(error)}`);
    } else if (nonce !== '' && nonce === subscription.nonceSent) {
      subscription.nonceAcked = nonce;
      subscription.lastError = undefined;
    }
    return { subscription, acknowledged: nonce !== '' };
  }

  /** Sends what a change of the mesh means for this client. */
  push(change: MeshChange): void {
    if (!this.#node) return;
    const before = this.proxy;
    this.proxy = proxyOf(this.#node, this.#options.snapshot());
    // Labels say which configuration is for the proxy.
    if (change.full || !sameLabels(before, this.proxy)) {
      for (const typeUrl of pushOrder) {
        const sent = this.#send(typeUrl, [], true);
        if (typeUrl === typeUrls.cluster) this.#sendEndpointsOf(sent);
      }
      return;
    }
    this.#pushEndpoints(change);
    const concerned = this.#concernedTypes(change.policies);
    for (const typeUrl of pushOrder) {
      if (!concerned.has(typeUrl)) continue;
      const sent = this.#send(typeUrl, [], true);
      if (typeUrl === typeUrls.cluster) this.#sendEndpointsOf(sent);
    }
  }

  /** Which types may be other than before, by the reach of the policies that changed. */
  #concernedTypes(policies: readonly PolicyChange[]): Set<string> {
    const { rootNamespace } = this.#options.snapshot();
    return new Set(
      policies
        .filter(({ namespace }) => namespace === rootNamespace || namespace === this.proxy?.namespace)
        .flatMap(({ kind }) => policyTypes[kind]),
    );
  }

  #pushEndpoints(change: MeshChange): void {
    if (change.hosts.size === 0) return;
    const subscription = this.subscriptions.get(typeUrls.endpoint);
    if (!subscription) return;
    const names = subscription.names.filter((name) => change.hosts.has(parseClusterName(name)?.host ?? ''));
    if (names.length > 0) this.#send(typeUrls.endpoint, names, false, false);
    // The proxy's own endpoints make its inbound side.
    const own =
      this.proxy &&
      [...change.hosts].some((host) =>
        (this.#options.snapshot().endpoints.get(host) ?? []).some((one) => one.address === this.proxy!.address),
      );
    if (!own) return;
    this.#sendEndpointsOf(this.#send(typeUrls.cluster, [], true));
    this.#send(typeUrls.listener, [], true);
  }

  /** Sends the certificates that have changed, or that have come. */
  pushSecrets(): void {
    const names = this.subscriptions.get(typeUrls.secret)?.names ?? [];
    if (names.length > 0) this.#send(typeUrls.secret, names, false, false);
  }

  /**
   * A cluster that is sent again warms until its endpoints come again, and Envoy acknowledges no clusters while one of them warms. It does
   * not ask for endpoints that it has subscribed to already.
   */
  #sendEndpointsOf(clusters: readonly string[]): void {
    const subscribed = new Set(this.subscriptions.get(typeUrls.endpoint)?.names);
    const again = clusters.filter((name) => subscribed.has(name));
    if (again.length > 0) this.#send(typeUrls.endpoint, again, false);
  }

  /** The resources of a type as the client is to have them now. */
  resources(typeUrl: string, names?: readonly string[]): { name: string; resource: any }[] {
    const snapshot = this.#options.snapshot();
    const { proxy } = this;
    if (!proxy) return [];
    const named = (list: any[]) => list.map((resource) => ({ name: resource.name as string, resource }));
    const wanted = names ?? this.subscriptions.get(typeUrl)?.names ?? [];
    if (typeUrl === typeUrls.cluster) return named(clustersFor(snapshot, proxy));
    if (typeUrl === typeUrls.listener) return named(listenersFor(snapshot, proxy));
    const make: Record<string, (name: string) => any> = {
      [typeUrls.endpoint]: (name) => endpointsFor(snapshot, proxy, name),
      [typeUrls.route]: (name) => routesFor(snapshot, proxy, name),
      [typeUrls.extension]: (name) => extensionFor(snapshot, proxy, name),
      [typeUrls.secret]: (name) => this.#options.secret(proxy, name),
    };
    return wanted
      .map((name) => ({ name, resource: make[typeUrl]?.(name) }))
      .filter((one) => one.resource !== undefined);
  }

  /** @returns the names of what was sent. */
  #send(typeUrl: string, force: readonly string[], complete: boolean, forced = true): readonly string[] {
    const subscription = this.subscriptions.get(typeUrl);
    const message = messageNames[typeUrl];
    if (!subscription) return [];
    const partial = !complete && force.length > 0;
    const made = message
      ? this.resources(typeUrl, partial ? force : undefined).map(({ name, resource }) => ({
          name,
          ...encodeCached(message, resource),
        }))
      : [];
    const version = String(this.#options.snapshot().version);
    if (this.#options.protocol === 'state-of-the-world') {
      const all = partial
        ? this.resources(typeUrl).map(({ name, resource }) => ({ name, ...encodeCached(message!, resource) }))
        : made;
      const { changed, removed } = subscription.difference(all, force, true);
      if (changed.length === 0 && removed.length === 0 && subscription.nonceSent !== '') return [];
      this.#write(subscription, (nonce) =>
        writeStateResponse({ version, typeUrl, nonce, resources: all.filter((one) => subscription.wants(one.name)) }),
      );
      return changed;
    }
    const single = oneByOne.has(typeUrl);
    const { changed, removed } = subscription.difference(made, forced ? force : [], complete && !single);
    const names = new Set(changed);
    const isFirst = subscription.nonceSent === '' && !single;
    if (names.size === 0 && removed.length === 0 && !isFirst) return [];
    this.#write(subscription, (nonce) =>
      writeDeltaResponse({ version, typeUrl, nonce, resources: made.filter((one) => names.has(one.name)), removed }),
    );
    return changed;
  }

  #write(subscription: Subscription, make: (nonce: string) => Buffer): void {
    const nonce = `${this.id}-${++this.#nonce}`;
    subscription.nonceSent = nonce;
    this.#options.write(make(nonce));
  }
}
