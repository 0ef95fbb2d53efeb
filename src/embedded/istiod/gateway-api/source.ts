/**
 * The Gateway API's objects in the config cluster, as far as it has their definitions, and what was made of them last. It is made anew when
 * one of them has changed, or what they name: Services and namespaces that come and go, Secrets, ServiceEntries.
 */
import {
  Informer,
  type InformerEvent,
  type KubeClient,
  type KubeObject,
  kinds,
  type Secret,
} from '../../../kube/index.ts';
import type { ClusterRegistry } from '../registry/cluster-registry.ts';
import { certificateProblem, withVerdict } from './certificate.ts';
import { convertGatewayApi } from './index.ts';
import { type Conversion, type RouteKind, routeKinds } from './types.ts';

export interface GatewayApiSourceOptions {
  client: KubeClient;
  local: ClusterRegistry;
  domain: string;
  onChange: (reason: string) => void;
}

const definition = 'gateways.gateway.networking.k8s.io';
const nothing: Conversion = { gateways: [], virtualServices: [], gatewayReports: [], routeReports: [] };

export class GatewayApiSource {
  readonly #options: GatewayApiSourceOptions;
  readonly #definition: Informer;
  readonly #routes: ReadonlyMap<RouteKind, Informer>;
  readonly classes: Informer;
  readonly #gateways: Informer;
  readonly #grants: Informer;
  readonly #certificates = new Map<string, Informer<Secret>>();
  #entries: readonly KubeObject[] = [];
  #made: Conversion | undefined;
  #isServed = false;

  constructor(options: GatewayApiSourceOptions) {
    const { client } = options;
    this.#options = options;
    this.#definition = new Informer(client, kinds.CustomResourceDefinition, {
      fieldSelector: `metadata.name=${definition}`,
      transform: ({ metadata: { name = '', resourceVersion = '' } }) => ({ metadata: { name, resourceVersion } }),
    });
    this.#routes = new Map(routeKinds.map((kind) => [kind, new Informer(client, kinds[`K8s${kind}`])]));
    this.classes = new Informer(client, kinds.K8sGatewayClass);
    this.#gateways = new Informer(client, kinds.K8sGateway);
    this.#grants = new Informer(client, kinds.K8sReferenceGrant);
  }

  get #informers(): Informer[] {
    return [this.classes, this.#gateways, this.#grants, ...this.#routes.values()];
  }

  /** Returns when all is known, or that the cluster knows no Gateway API; definitions that come later are followed. */
  async start(): Promise<void> {
    const { local } = this.#options;
    for (const informer of this.#informers) informer.on((event) => this.#changed(informer.kind.kind, event));
    local.services.on(({ type, object }) => type !== 'updated' && this.#stale(`Service ${object.metadata.name}`));
    local.namespaces.on(({ type, object, old }) => {
      if (type !== 'updated' || JSON.stringify(object.metadata.labels) !== JSON.stringify(old.metadata.labels))
        this.#stale(`Namespace ${object.metadata.name}`);
    });
    this.#definition.on(({ type }) => type === 'added' && this.#serve());
    this.#definition.start();
    await this.#definition.synced;
    if (this.#isServed) await Promise.all(this.#informers.map(listed));
  }

  get isServed(): boolean {
    return this.#isServed;
  }

  async stop(): Promise<void> {
    await Promise.all(
      [this.#definition, ...this.#informers, ...this.#certificates.values()].map((informer) => informer.stop()),
    );
  }

  /** @param serviceEntries the oldest first; another list than the last is a change */
  conversion(serviceEntries: readonly KubeObject[]): Conversion {
    if (!this.#isServed) return nothing;
    const isSame =
      serviceEntries.length === this.#entries.length &&
      serviceEntries.every((one, index) => one === this.#entries[index]);
    if (!isSame) this.#made = undefined;
    this.#entries = serviceEntries;
    this.#made ??= convertGatewayApi({
      domain: this.#options.domain,
      classes: this.classes.list(),
      gateways: byAge(this.#gateways),
      routes: new Map([...this.#routes].map(([kind, informer]) => [kind, byAge(informer)])),
      grants: this.#grants.list(),
      namespaces: this.#options.local.namespaces.list(),
      serviceEntries,
      hasService: (namespace, name) => this.#options.local.services.get(namespace, name) !== undefined,
      certificateProblem: (namespace, name) => this.#certificateProblem(namespace, name),
    });
    return this.#made;
  }

  #serve(): void {
    if (this.#isServed) return;
    this.#isServed = true;
    for (const informer of this.#informers) informer.start();
  }

  #changed(kind: string, { type, object, old }: InformerEvent<KubeObject>): void {
    // The objects of what was made last are those to which statuses belong: a newer state of one is taken, though nothing may follow of it.
    this.#made = undefined;
    const meaning = ({ metadata, spec }: KubeObject) =>
      JSON.stringify([metadata.generation, metadata.labels, metadata.annotations, spec]);
    if (type === 'updated' && meaning(object) === meaning(old)) return;
    this.#options.onChange(`${kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`);
  }

  #stale(reason: string): void {
    if (!this.#isServed) return;
    this.#made = undefined;
    this.#options.onChange(reason);
  }

  /** Secrets of a namespace are watched from the first time that a Gateway names one there; of each only the verdict is kept. */
  #certificateProblem(namespace: string, name: string): string | undefined {
    let informer = this.#certificates.get(namespace);
    if (!informer) {
      informer = new Informer<Secret>(this.#options.client, kinds.Secret, { namespace, transform: withVerdict });
      this.#certificates.set(namespace, informer);
      informer.on((event) => this.#stale(`Secret ${namespace}/${event.object.metadata.name}`));
      informer.start();
    }
    return certificateProblem(informer.get(namespace, name), `${namespace}/${name}`);
  }
}

/** After the first list, or the answer that the cluster has no such kind. */
async function listed(informer: Informer): Promise<void> {
  while (!informer.hasSynced && informer.lastErrorStatus !== 404)
    await Promise.race([informer.synced, new Promise((resolve) => setTimeout(resolve, 20))]);
}

function byAge(informer: Informer): KubeObject[] {
  const key = ({ metadata }: KubeObject) => `${metadata.creationTimestamp}/${metadata.namespace}/${metadata.name}`;
  return informer.list().sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
