/**
 * What istiod does about the Gateway API beside serving it: makes its classes, deploys Gateways, and says in statuses what it makes of them.
 * Objects that carry the label of another revision are left to that one.
 */
import { messageOf } from '../../../errors/index.ts';
import { Informer, isAlreadyExists, type Kind, type KubeObject, kinds, workQueue } from '../../../kube/index.ts';
import type { InjectionSettings } from '../inject/index.ts';
import type { MeshRegistry } from '../registry/index.ts';
import { reachOf } from './addresses.ts';
import { builtinClasses, isDeployed } from './classes.ts';
import { deploymentObjects, managedLabel } from './deployment.ts';
import { classStatus, gatewayStatus, routeStatus } from './statuses.ts';
import type { GatewayReport } from './types.ts';

export interface GatewayControllerOptions {
  registry: MeshRegistry;
  revision: string;
  injection: () => InjectionSettings;
  log: (line: string) => void;
}

const fieldManager = 'istio.io/gateway-controller';
const applied: Record<string, Kind> = {
  ServiceAccount: kinds.ServiceAccount,
  Deployment: kinds.Deployment,
  Service: kinds.Service,
};

export class GatewayController {
  readonly #options: GatewayControllerOptions;
  readonly #deployments: Informer;
  /** What was applied last, by Gateway: what is as it was wanted is not written again, though others may have changed it. */
  readonly #written = new Map<string, string>();
  readonly #queue = workQueue((key) => (key === 'statuses' ? this.#writeAll() : this.#deploy(key)), {
    onError: (key, error, attempt) => attempt > 1 && this.#options.log(`Gateway API: ${key}: ${messageOf(error)}`),
  });
  readonly #unsubscribe: () => void;

  constructor(options: GatewayControllerOptions) {
    this.#options = options;
    const { registry } = options;
    this.#deployments = new Informer(registry.local.client, kinds.Deployment, { labelSelector: managedLabel });
    const renew = ({ type, object }: { type: string; object: KubeObject }): void => {
      const [owner] = object.metadata.ownerReferences ?? [];
      if (type !== 'deleted' || owner?.kind !== 'Gateway') return;
      this.#written.delete(`${object.metadata.namespace}/${owner.name}`);
      this.#queue.add('statuses');
    };
    this.#deployments.on(renew);
    registry.local.services.on(renew);
    this.#deployments.start();
    this.#unsubscribe = registry.subscribe(() => this.#queue.add('statuses'));
    this.#queue.add('statuses');
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#queue.stop();
    await this.#deployments.stop();
  }

  #isMine({ metadata }: KubeObject): boolean {
    const namespace = this.#options.registry.local.namespaces.get(undefined, metadata.namespace ?? '');
    const revision = metadata.labels?.['istio.io/rev'] ?? namespace?.metadata.labels?.['istio.io/rev'];
    return revision === undefined || revision === this.#options.revision;
  }

  async #writeAll(): Promise<void> {
    const { registry } = this.#options;
    const { gatewayApi } = registry;
    if (!gatewayApi.isServed) return;
    const conversion = registry.gatewayConversion();
    await this.#writeClasses();
    for (const report of conversion.gatewayReports) {
      if (!this.#isMine(report.gateway)) continue;
      if (isOurs(report) && isDeployed(report.gateway)) this.#queue.add(keyOf(report.gateway));
      const reach = reachOf(report, registry.current(), (namespace, name) =>
        registry.registries().flatMap((one) => one.services.get(namespace, name) ?? []),
      );
      await this.#write(kinds.K8sGateway, report.gateway, gatewayStatus(report, reach));
    }
    for (const report of conversion.routeReports)
      if (this.#isMine(report.route) && concerns(report))
        await this.#write(kinds[`K8s${report.kind}`], report.route, routeStatus(report));
  }

  async #writeClasses(): Promise<void> {
    const { classes } = this.#options.registry.gatewayApi;
    if (!classes.hasSynced) return;
    for (const { name, ...spec } of builtinClasses) {
      if (classes.get(undefined, name)) continue;
      const made = this.#options.registry.local.client.create(kinds.K8sGatewayClass, { metadata: { name }, spec });
      await made.catch((error) => {
        if (!isAlreadyExists(error)) throw error;
      });
    }
    for (const one of classes.list()) {
      const status = classStatus(one);
      if (status) await this.#write(kinds.K8sGatewayClass, one, status);
    }
  }

  async #write(kind: Kind, object: KubeObject, status: any): Promise<void> {
    if (JSON.stringify(plain(object['status'])) === JSON.stringify(plain({ ...object['status'], ...status }))) return;
    const { name = '', namespace, resourceVersion } = object.metadata;
    await this.#options.registry.local.client.patch(
      kind,
      name,
      namespace,
      { metadata: { resourceVersion }, status },
      { type: 'merge', subresource: 'status', fieldManager },
    );
  }

  async #deploy(key: string): Promise<void> {
    const { registry, injection } = this.#options;
    const report = registry.gatewayConversion().gatewayReports.find(({ gateway }) => keyOf(gateway) === key);
    if (!report || report.gateway.metadata.deletionTimestamp) return void this.#written.delete(key);
    const objects = deploymentObjects(report.gateway, injection());
    const text = JSON.stringify(objects);
    if (this.#written.get(key) === text) return;
    for (const object of objects)
      await registry.local.client.apply(applied[object.kind!]!, object, { fieldManager, force: true });
    this.#written.set(key, text);
    this.#options.log(`Gateway ${key} is deployed`);
  }
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`;
const isOurs = ({ isRemote, refusal }: GatewayReport): boolean => !isRemote && !refusal;

/** A route without parents of ours has a status only if it had one. */
const concerns = ({ parents, route }: { parents: unknown[]; route: KubeObject }): boolean =>
  parents.length > 0 || (route['status']?.parents ?? []).length > 0;

/** With keys in order and nothing that is empty, so that equal statuses are equal texts. */
function plain(value: any): any {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([, one]) => one !== undefined && !(Array.isArray(one) && one.length === 0))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, plain(one)]));
}
