/** One service for each name and namespace, whichever clusters have it: the first registry says what it is, the others add to it. */
import type { MeshConfig, MeshEndpoint, MeshService } from '../model.ts';
import type { IstiodSettings } from '../settings.ts';
import type { ClusterRegistry } from './cluster-registry.ts';
import { portProtocol } from './protocol.ts';

export function mergeServices(
  registries: ClusterRegistry[],
  settings: IstiodSettings,
  meshConfig: MeshConfig,
): { services: Map<string, MeshService>; endpoints: Map<string, MeshEndpoint[]> } {
  const services = new Map<string, MeshService & { addresses: Map<string, readonly string[]> }>();
  for (const registry of registries) {
    for (const service of registry.services.list()) {
      const { name = '', namespace = '', labels = {}, annotations = {} } = service.metadata;
      if (service.spec['type'] === 'ExternalName') continue;
      const hostname = `${name}.${namespace}.svc.${settings.domain}`;
      const virtual = service.spec['clusterIP'];
      const headless = virtual === 'None';
      const addresses: string[] = headless || !virtual ? [] : [virtual];
      const known = services.get(hostname);
      if (known) {
        known.addresses.set(registry.id, addresses);
        if (!known.defaultAddress) known.defaultAddress = addresses[0] ?? '';
        continue;
      }
      services.set(hostname, {
        hostname,
        name,
        namespace,
        ports: (service.spec['ports'] ?? []).map((port: any) => ({
          name: port.name ?? '',
          port: port.port,
          protocol: portProtocol(port),
        })),
        addresses: new Map([[registry.id, addresses]]),
        defaultAddress: addresses[0] ?? '',
        headless,
        resolution: headless ? 'Passthrough' : 'ClientSideLB',
        meshExternal: false,
        labels,
        exportTo: (annotations['networking.istio.io/exportTo'] ?? '')
          .split(',')
          .map((one) => one.trim())
          .filter(Boolean),
        serviceAccounts: new Set<string>(),
        createdAt: service.metadata.creationTimestamp ?? '',
        internalTrafficPolicyLocal: service.spec['internalTrafficPolicy'] === 'Local',
        clusterLocal: isClusterLocal(hostname, settings, meshConfig),
      });
    }
  }
  const endpoints = new Map<string, MeshEndpoint[]>();
  for (const service of services.values()) {
    const found = registries.flatMap((registry) =>
      registry.endpointsOf(service.namespace, service.name, service.hostname),
    );
    endpoints.set(service.hostname, found);
    (service as { serviceAccounts: ReadonlySet<string> }).serviceAccounts = new Set(
      found.map((one) => one.serviceAccount).filter(Boolean),
    );
  }
  return { services, endpoints };
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
