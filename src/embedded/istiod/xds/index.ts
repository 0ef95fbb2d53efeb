/**
 * ADS: who is told what and when. Streams of both protocols are served; changes of endpoints alone are pushed at once, all others after a
 * short quiet time, since they come in bursts. What is told is the business of networking/.
 */
import type { Server, ServerDuplexStream } from '@grpc/grpc-js';
import { messageOf } from '../../../errors/index.ts';
import { rawMethod } from '../../proto/index.ts';
import type { Authenticate, MeshChange, MeshProxy, SnapshotSource } from '../model.ts';
import { typeUrls } from '../networking/index.ts';
import { Connection, type Protocol } from './connection.ts';
import { debugResources } from './debug.ts';

export interface XdsOptions {
  source: SnapshotSource;
  authenticate: Authenticate;
  debounceAfterMs: number;
  debounceMaxMs: number;
  /** The SDS resource of that name for a proxy, if it may have it. */
  secret: (proxy: MeshProxy, name: string) => unknown;
  /** Gives the body of a debug page. */
  debugPage: (path: string) => Promise<string>;
  log: (line: string) => void;
}

/** A proxy as Istio's /debug/syncz shows it: `<type>_sent` and `<type>_acked` for each type, and what it refused. */
export interface XdsStatus {
  cluster_id: string;
  proxy: string;
  proxy_type: string;
  istio_version: string;
  connection_id: string;
  connected_at: string;
  rejections: number;
  errors: Record<string, string>;
  [sentOrAcked: string]: unknown;
}

const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService';

export class XdsServer {
  readonly #options: XdsOptions;
  readonly #connections = new Set<Connection>();
  #count = 0;
  #pending: MeshChange | undefined;
  #pendingSince = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #unsubscribe: () => void;

  constructor(options: XdsOptions) {
    this.#options = options;
    this.#unsubscribe = options.source.subscribe((_, change) => this.#changed(change));
  }

  addTo(server: Server): void {
    const serve = (protocol: Protocol) => (call: ServerDuplexStream<Buffer, Buffer>) =>
      void this.#serve(protocol, call);
    server.addService(
      {
        StreamAggregatedResources: rawMethod(`${service}/StreamAggregatedResources`, true),
        DeltaAggregatedResources: rawMethod(`${service}/DeltaAggregatedResources`, true),
      } as never,
      { StreamAggregatedResources: serve('state-of-the-world'), DeltaAggregatedResources: serve('delta') } as never,
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#unsubscribe();
  }

  /** Tells proxies of a namespace of the certificates that have changed there. */
  secretsChanged(clusterId: string, namespace: string): void {
    for (const connection of this.#connections) {
      const { proxy } = connection;
      if (proxy?.clusterId !== clusterId || proxy.namespace !== namespace) continue;
      try {
        connection.pushSecrets();
      } catch (error) {
        this.#options.log(`certificates of ${proxy.name} cannot be sent: ${messageOf(error)}`);
      }
    }
  }

  connections(): Connection[] {
    return [...this.#connections];
  }

  status(): XdsStatus[] {
    return this.connections().flatMap((connection) => {
      const { proxy } = connection;
      if (!proxy) return [];
      const status: XdsStatus = {
        cluster_id: proxy.clusterId,
        proxy: `${proxy.name}.${proxy.namespace}`,
        proxy_type: proxy.type,
        istio_version: String(proxy.metadata['ISTIO_VERSION'] ?? ''),
        connection_id: connection.id,
        connected_at: connection.connectedAt.toISOString(),
        rejections: connection.rejections,
        errors: {},
      };
      for (const [type, url] of Object.entries(typeUrls)) {
        const subscription = connection.subscriptions.get(url);
        if (!subscription) continue;
        status[`${type}_sent`] = subscription.nonceSent;
        status[`${type}_acked`] = subscription.nonceAcked;
        if (subscription.lastError) status.errors[type] = subscription.lastError;
      }
      return [status];
    });
  }

  async #serve(protocol: Protocol, call: ServerDuplexStream<Buffer, Buffer>): Promise<void> {
    const received: Buffer[] = [];
    let connection: Connection | undefined;
    const fail = (code: number, error: unknown): void => {
      this.#options.log(`stream of ${call.getPeer()} is ended: ${messageOf(error)}`);
      call.emit('error', { code, details: messageOf(error) });
      this.#forget(connection);
    };
    const take = (bytes: Buffer): void => {
      try {
        if (connection) connection.receive(bytes);
        else received.push(bytes);
      } catch (error) {
        fail(7, error);
      }
    };
    call.on('data', take);
    call.on('end', () => {
      this.#forget(connection);
      call.end();
    });
    call.on('cancelled', () => this.#forget(connection));
    call.on('error', () => this.#forget(connection));
    try {
      const identity = await this.#options.authenticate(credentialsOf(call));
      connection = new Connection({
        id: `${++this.#count}`,
        protocol,
        identity,
        snapshot: () => this.#options.source.current(),
        write: (bytes) => call.write(bytes),
        secret: this.#options.secret,
        debug: (typeUrl, names) =>
          debugResources(typeUrl, names, { connections: () => this.connections(), page: this.#options.debugPage }),
        log: this.#options.log,
      });
      this.#connections.add(connection);
      for (const bytes of received.splice(0)) take(bytes);
    } catch (error) {
      fail(16, error);
    }
  }

  #forget(connection: Connection | undefined): void {
    if (connection) this.#connections.delete(connection);
  }

  #changed(change: MeshChange): void {
    if (!change.full && change.policies.length === 0 && !this.#pending) return this.#push(change);
    const hosts = new Set([...(this.#pending?.hosts ?? []), ...change.hosts]);
    this.#pendingSince ||= Date.now();
    const policies = [...(this.#pending?.policies ?? []), ...change.policies];
    this.#pending = { full: this.#pending?.full === true || change.full, hosts, policies, reason: change.reason };
    clearTimeout(this.#timer);
    const { debounceAfterMs, debounceMaxMs } = this.#options;
    const wait = Math.max(0, Math.min(debounceAfterMs, this.#pendingSince + debounceMaxMs - Date.now()));
    this.#timer = setTimeout(() => {
      const pending = this.#pending;
      this.#pending = undefined;
      this.#pendingSince = 0;
      if (pending) this.#push(pending);
    }, wait);
  }

  #push(change: MeshChange): void {
    for (const connection of this.#connections) {
      try {
        connection.push(change);
      } catch (error) {
        this.#options.log(`push to ${connection.proxy?.name} failed: ${error instanceof Error ? error.stack : error}`);
      }
    }
  }
}

/** Metadata and certificate names of a call. */
export function credentialsOf(call: {
  metadata: { getMap(): Record<string, unknown> };
  getAuthContext?: () => { sslPeerCertificate?: { subjectaltname?: string } } | undefined;
}) {
  const metadata = new Map(
    Object.entries(call.metadata.getMap()).map(([key, value]) => [key.toLowerCase(), String(value)]),
  );
  const names = call.getAuthContext?.()?.sslPeerCertificate?.subjectaltname ?? '';
  const peerCertificateUris = names
    .split(/,\s*/)
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice(4));
  return { metadata, peerCertificateUris };
}
