/**
 * All services of the mesh, and where their endpoints are from. One service for each name and namespace, whichever clusters have it: the
 * first registry says what it is, the others add to it; a ServiceEntry of the same host and namespace adds endpoints.
 */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshConfig, MeshEndpoint, MeshService } from '../model.ts';
import type { IstiodSettings } from '../settings.ts';
import type { ClusterRegistry } from './cluster-registry.ts';
import { portProtocol } from './protocol.ts';
import { type EntrySources, endpointsOfEntry, servicesOfEntry } from './service-entries.ts';
import { endpointOf, isAddress, selects, workloadOfEntry } from './workload-entries.ts';

type Building = MeshService & {
  addresses: Map<string, readonly string[]>;
  aliases: { hostname: string; namespace: string }[];
  serviceAccounts: Set<string>;
};

/** Services by their keys, and what their endpoints are made of. */
export class Catalogue {
  readonly services = new Map<string, MeshService>();
  /** ServiceEntries behind a service. */
  readonly #entries = new Map<string, KubeObject[]>();
  /** Ports of Services as written: target ports are what WorkloadEntries are reached at. */
  readonly #ports = new Map<string, any[]>();
  readonly #sources: EntrySources;

  constructor(sources: EntrySources, entries: readonly KubeObject[], settings: IstiodSettings, meshConfig: MeshConfig) {
    this.#sources = sources;
    for (const registry of sources.registries) this.#takeServices(registry, settings, meshConfig);
    this.#takeAliases(settings.domain);
    for (const entry of entries) this.#takeEntry(entry);
  }

  #takeServices(registry: ClusterRegistry, settings: IstiodSettings, meshConfig: MeshConfig): void {
    for (const service of registry.services.list()) {
      const { name = '', namespace = '', labels = {}, annotations = {} } = service.metadata;
      if (service.spec['type'] === 'ExternalName') continue;
      const hostname = `${name}.${namespace}.svc.${settings.domain}`;
      const virtual = service.spec['clusterIP'];
      const headless = virtual === 'None';
      const addresses: string[] = headless || !virtual ? [] : [virtual];
      const known = this.services.get(hostname) as Building | undefined;
      if (known) {
        known.addresses.set(registry.id, addresses);
        if (!known.defaultAddress) known.defaultAddress = addresses[0] ?? '';
        continue;
      }
      this.#ports.set(hostname, service.spec['ports'] ?? []);
      this.services.set(hostname, {
        key: hostname,
        hostname,
        origin: 'Kubernetes',
        name,
        namespace,
        ports: (service.spec['ports'] ?? []).map((port: any) => ({
          name: port.name ?? '',
          port: port.port,
          protocol: portProtocol(port),
        })),
        addresses: new Map([[registry.id, addresses]]),
        defaultAddress: addresses[0] ?? '',
        statedAddresses: [],
        aliases: [],
        selector: service.spec['selector'],
        headless,
        resolution: headless ? 'Passthrough' : 'ClientSideLB',
        meshExternal: false,
        labels,
        exportTo: (annotations['networking.istio.io/exportTo'] ?? '')
          .split(',')
          .map((one) => one.trim())
          .filter(Boolean),
        serviceAccounts: new Set<string>(),
        internalTrafficPolicyLocal: service.spec['internalTrafficPolicy'] === 'Local',
        createdAt: service.metadata.creationTimestamp ?? '',
        clusterLocal: isClusterLocal(hostname, settings, meshConfig),
      });
    }
  }

  /** A Service of type ExternalName is another name of the service that it names, if the mesh has that. */
  #takeAliases(domain: string): void {
    const targets = new Map<string, { target: string; namespace: string }>();
    for (const registry of this.#sources.registries)
      for (const { metadata, spec } of registry.services.list()) {
        if (spec['type'] !== 'ExternalName') continue;
        const { name = '', namespace = '' } = metadata;
        const hostname = `${name}.${namespace}.svc.${domain}`;
        if (!targets.has(hostname)) targets.set(hostname, { target: spec['externalName'] ?? '', namespace });
      }
    for (const [hostname, { namespace, ...first }] of targets) {
      let { target } = first;
      // An alias of an alias; those that name each other lead nowhere.
      for (let step = 0; step < targets.size && targets.has(target); step++) target = targets.get(target)!.target;
      (this.services.get(target) as Building | undefined)?.aliases.push({ hostname, namespace });
    }
  }

  #takeEntry(entry: KubeObject): void {
    for (const service of servicesOfEntry(entry)) {
      const known = [service.hostname, `${service.namespace}/${service.hostname}`]
        .map((key) => this.services.get(key))
        .find((one) => one?.namespace === service.namespace) as Building | undefined;
      if (known) {
        this.#entries.get(known.key)?.push(entry) ?? this.#entries.set(known.key, [entry]);
        for (const port of service.ports)
          if (known.origin === 'ServiceEntry' && !known.ports.some((one) => one.port === port.port))
            known.ports.push(port);
        for (const account of service.serviceAccounts) known.serviceAccounts.add(account);
        continue;
      }
      const key = this.services.has(service.hostname) ? `${service.namespace}/${service.hostname}` : service.hostname;
      this.services.set(key, { ...service, key });
      this.#entries.set(key, [entry]);
    }
  }

  /** Keys of services whose endpoints are chosen by labels: any pod or WorkloadEntry may be one of them. */
  keysBySelection(): string[] {
    return [...this.services.values()]
      .filter(
        ({ origin, selector }) => selector && (origin === 'ServiceEntry' || this.#sources.workloadEntries.length > 0),
      )
      .map(({ key }) => key);
  }

  endpointsOf(key: string): MeshEndpoint[] {
    const service = this.services.get(key);
    if (!service) return [];
    const { registries } = this.#sources;
    const own =
      service.origin === 'Kubernetes'
        ? [
            ...registries.flatMap((one) => one.endpointsOf(service.namespace, service.name, service.hostname)),
            ...this.#selectedEntries(service),
          ]
        : [];
    const entries = this.#entries.get(key) ?? [];
    // Of services found by round robin only one endpoint is permitted for each port.
    const stated = entries.flatMap((entry) => endpointsOfEntry(entry, service, this.#sources));
    if (service.resolution !== 'DNSRoundRobinLB') return [...own, ...stated];
    return [...new Map(stated.toReversed().map((one) => [one.portName, one])).values()].toReversed();
  }

  /** WorkloadEntries that a Service of Kubernetes selects, as if they were pods. */
  #selectedEntries(service: MeshService): MeshEndpoint[] {
    const { workloadEntries, place } = this.#sources;
    if (!service.selector || Object.keys(service.selector).length === 0) return [];
    const ports = this.#ports.get(service.key) ?? [];
    return workloadEntries
      .filter((one) => one.metadata.namespace === service.namespace)
      .filter((one) => selects(service.selector!, { ...one['spec']?.labels, ...one.metadata.labels }))
      .map((one) => workloadOfEntry(one, place))
      .filter(({ base }) => isAddress(base.address))
      .flatMap((workload) =>
        ports.flatMap((port) => {
          const { name = '', port: number, targetPort = number } = port;
          if (typeof targetPort === 'number')
            return [endpointOf(workload, service.hostname, { name, number, targetPort })];
          const named = workload.ports[targetPort];
          return named ? [{ ...endpointOf(workload, service.hostname, { name, number }), port: named }] : [];
        }),
      );
  }

  /** Accounts that the endpoints have, with those that ServiceEntries state: what a client accepts as the server's name. */
  accountsOf(key: string, endpoints: readonly MeshEndpoint[]): ReadonlySet<string> {
    const stated = this.services.get(key)?.serviceAccounts ?? [];
    return new Set([...stated, ...endpoints.map((one) => one.serviceAccount).filter(Boolean)]);
  }
}

/** Istio's defaults (P/model/cluster_local.go), which serviceSettings can add to and undo; the most specific host wins. */
export function isClusterLocal(hostname: string, settings: IstiodSettings, meshConfig: MeshConfig): boolean {
  const suffix = settings.domain;
  const rules = new Map<string, boolean>([
    [`*.kube-system.svc.${suffix}`, true],
    [`kubernetes.default.svc.${suffix}`, true],
    [`${meshConfig.discoveryAddress.split(':')[0]!.replace(/\.svc$/, `.svc.${suffix}`)}`, true],
  ]);
  for (const { settings: one, hosts = [] } of (meshConfig.raw['serviceSettings'] as any[]) ?? [])
    for (const host of hosts) rules.set(host, one?.clusterLocal === true);
  const fitting = [...rules].filter(
    ([host]) => host === hostname || (host.startsWith('*') && hostname.endsWith(host.slice(1))),
  );
  const [best] = fitting.sort(
    ([a], [b]) => Number(a.startsWith('*')) - Number(b.startsWith('*')) || b.length - a.length,
  );
  return best?.[1] ?? false;
}
