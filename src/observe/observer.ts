/** All that is known of the mesh, by question. One for the console's life; the command line makes one for a moment. */
import { CertificateKeeper } from './certificates/index.ts';
import type { Scope } from './entities/scope.ts';
import { EventLog } from './events.ts';
import { type GraphOptions, generateGraph } from './graph/index.ts';
import { HealthReader } from './health/index.ts';
import type { ClusterModel } from './model/cluster-model.ts';
import { MeshModel } from './model/mesh-model.ts';
import { labelsOf } from './model/workload.ts';
import { readTraffic, type Traffic, type TrafficOptions, type TrafficSeries } from './prometheus/traffic.ts';
import { MeshFacts } from './topology/facts.ts';
import { isEastWest } from './topology/gateways.ts';
import { problemsOf, Topology } from './topology/index.ts';
import type { Graph, MeshView, NamespaceKey } from './types/index.ts';
import { Validator } from './validation/index.ts';

/** Several pages ask at the same moment for the same rates. */
const trafficKeptMs = 1000;
/** How soon a link that breaks is told, without anybody asking. */
const lookAgainMs = 1000;
/** What only time changes, as a certificate's end, is seen within this. */
const lookAnywayMs = 5000;

export interface RateOptions {
  /** Seconds. */
  duration: number;
  /** Seconds since 1970; without it: now. */
  queryTime?: number | undefined;
  responseTime?: TrafficOptions['responseTime'];
}

export class Observer implements AsyncDisposable {
  readonly model = new MeshModel();
  readonly facts = new MeshFacts(this.model);
  readonly events = new EventLog(this.model);
  readonly validator = new Validator(this.model);
  readonly certificates = new CertificateKeeper(this.model, this.facts);
  readonly #topology = new Topology(this.model, this.facts, (cluster, now) => this.certificates.summary(cluster, now));
  readonly #traffic = new Map<string, { at: number; traffic: Promise<Traffic> }>();
  #timer: NodeJS.Timeout | undefined;

  get clusters(): ClusterModel[] {
    return this.model.clusters;
  }

  /**
   * Goes on asking istiods, Prometheus and proxies, and tells by events of links that change.
   * @param onLinks called when one has
   * @param onCertificates called when a proxy's certificate is in another state
   */
  start(onLinks: () => void = () => {}, onCertificates: () => void = () => {}): this {
    this.facts.start();
    this.certificates.start(onCertificates);
    let before = '';
    let isStale = true;
    let lookedAt = 0;
    this.model.on(() => {
      isStale = true;
    });
    this.facts.onRound(() => {
      isStale = true;
    });
    const look = (): void => {
      if (!isStale && Date.now() - lookedAt < lookAnywayMs) return;
      isStale = false;
      lookedAt = Date.now();
      const { links } = this.mesh();
      this.events.acceptLinks(links);
      const now = links.map((one) => `${one.id}=${one.state}`).join();
      if (now !== before) onLinks();
      before = now;
    };
    look();
    this.#timer = setInterval(look, lookAgainMs);
    return this;
  }

  mesh(): MeshView {
    return this.#topology.view();
  }

  traffic(options: TrafficOptions): Promise<Traffic> {
    const key = JSON.stringify(options);
    const known = this.#traffic.get(key);
    const now = Date.now();
    if (known && now - known.at < trafficKeptMs) return known.traffic;
    const traffic = readTraffic(this.clusters, options);
    this.#traffic.set(key, { at: now, traffic });
    for (const [other, { at }] of this.#traffic) if (now - at > trafficKeptMs) this.#traffic.delete(other);
    return traffic;
  }

  healthOf(series: TrafficSeries[]): HealthReader {
    return new HealthReader(this.clusters, series, {
      factsOf: (cluster) => this.facts.of(cluster),
      certificateOf: (cluster, namespace, pod) => this.certificates.of(cluster, namespace, pod),
    });
  }

  /** What lists are made of. */
  async scope(
    options: RateOptions,
    isWanted: (where: NamespaceKey) => boolean,
    isSeen: (where: NamespaceKey) => boolean = isWanted,
  ): Promise<Scope & { series: TrafficSeries[] }> {
    const traffic = await this.traffic(options);
    return {
      clusters: this.clusters,
      isWanted,
      isSeen,
      health: this.healthOf(traffic.series),
      series: traffic.series,
      problems: [...problemsOf(this.clusters), ...traffic.problems],
    };
  }

  async graph(
    options: GraphOptions & Pick<TrafficOptions, 'responseTime' | 'throughput'> & { isPast?: boolean },
  ): Promise<Graph> {
    const traffic = await this.traffic({
      duration: options.duration,
      responseTime: options.responseTime,
      throughput: options.throughput,
      ...(options.isPast ? { queryTime: options.queryTime } : {}),
    });
    const health = this.healthOf(traffic.series);
    const view = this.mesh();
    return generateGraph(
      {
        clusters: this.clusters,
        series: traffic.series,
        problems: [...problemsOf(this.clusters), ...traffic.problems],
        links: view.links,
        gatewayInto: (name) => gatewayInto(view, name),
        isPassage: (name, namespace, workload) => this.#isPassage(name, namespace, workload),
        healthOf: (node) => health.ofNode(node),
      },
      options,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.certificates.stop();
    // Requests that hang end with their clients.
    const ended = Promise.all([this.facts.stop(), this.events.stop()]);
    await this.model[Symbol.asyncDispose]();
    await ended;
  }

  #isPassage(name: string, namespace: string, workload: string): boolean {
    const found = this.model.cluster(name)?.workloads.get(namespace, workload);
    if (!found) return workload === 'istio-eastwestgateway';
    const labels = labelsOf(found);
    return labels['istio'] === 'eastwestgateway' && isEastWest(labels);
  }
}

function gatewayInto(view: MeshView, cluster: string) {
  const gateways = view.clusters.find((one) => one.name === cluster)?.gateways ?? [];
  const found = gateways.find((one) => one.type === 'eastwest');
  return found && { cluster, namespace: found.namespace, name: found.name, addresses: found.addresses };
}
