/** A mesh as istiod's generators see it, made of services and configuration objects in YAML, with no API server behind it. */
import { parseAllDocuments } from 'yaml';
import type {
  ConfigKind,
  MeshEndpoint,
  MeshProxy,
  MeshService,
  MeshSnapshot,
} from '../../src/embedded/istiod/model.ts';
import type { ClusterRegistry } from '../../src/embedded/istiod/registry/cluster-registry.ts';
import { parseMeshConfig } from '../../src/embedded/istiod/registry/mesh-config.ts';
import { portProtocol } from '../../src/embedded/istiod/registry/protocol.ts';
import { Catalogue } from '../../src/embedded/istiod/registry/services.ts';
import { settingsFrom } from '../../src/embedded/istiod/settings.ts';
import type { KubeObject } from '../../src/kube/index.ts';

/** @param name `<name>.<namespace>`. @param ports as `http:80`. */
export function plantedService(name: string, ports: string[], more: Partial<MeshService> = {}): MeshService {
  const [short = '', namespace = ''] = name.split('.');
  const hostname = `${name}.svc.cluster.local`;
  return {
    key: hostname,
    hostname,
    origin: 'Kubernetes',
    name: short,
    namespace,
    ports: ports.map((one) => {
      const [portName = '', number] = one.split(':');
      return { name: portName, port: Number(number), protocol: portProtocol({ name: portName, port: Number(number) }) };
    }),
    addresses: new Map(),
    defaultAddress: '10.0.0.1',
    statedAddresses: [],
    aliases: [],
    selector: undefined,
    headless: false,
    resolution: 'ClientSideLB',
    meshExternal: false,
    labels: {},
    exportTo: [],
    serviceAccounts: new Set(),
    internalTrafficPolicyLocal: false,
    createdAt: '',
    clusterLocal: false,
    ...more,
  };
}

export function plantedEndpoint(service: MeshService, address: string, more: Partial<MeshEndpoint> = {}): MeshEndpoint {
  const [port] = service.ports;
  return {
    hostname: service.hostname,
    clusterId: 'east',
    network: '',
    address,
    port: port!.port,
    portName: port!.name,
    health: 'healthy',
    tlsMode: 'istio',
    serviceAccount: '',
    namespace: service.namespace,
    workloadName: service.name,
    labels: {},
    canonicalName: service.name,
    canonicalRevision: 'latest',
    locality: { region: '', zone: '', subzone: '' },
    nodeName: '',
    ...more,
  };
}

const objectsOf = (yaml: string): KubeObject[] =>
  parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);

/** ServiceEntries among the configuration become services, as the registry makes them. */
export function plantedMesh(
  services: { service: MeshService; endpoints?: MeshEndpoint[] }[],
  yaml: string,
  meshConfig = '',
): MeshSnapshot {
  const config = new Map<ConfigKind, KubeObject[]>();
  for (const object of objectsOf(yaml)) {
    const kind = object.kind as ConfigKind;
    config.set(kind, [...(config.get(kind) ?? []), object]);
  }
  const parsed = parseMeshConfig(meshConfig);
  const place = { clusterId: 'east', trustDomain: parsed.trustDomain };
  const sources = { registries: [] as ClusterRegistry[], workloadEntries: config.get('WorkloadEntry') ?? [], place };
  const catalogue = new Catalogue(sources, config.get('ServiceEntry') ?? [], settingsFrom({}), parsed);
  const stated = [...catalogue.services].map(([key, service]) => {
    const endpoints = catalogue.endpointsOf(key);
    return { service: { ...service, serviceAccounts: catalogue.accountsOf(key, endpoints) }, endpoints };
  });
  const all = [...services, ...stated];
  return {
    version: 1,
    meshConfig: parsed,
    rootNamespace: 'istio-system',
    domain: 'cluster.local',
    configClusterId: 'east',
    clusters: new Map(),
    services: new Map(all.map(({ service }) => [service.key, service])),
    endpoints: new Map(all.map(({ service, endpoints = [] }) => [service.key, endpoints])),
    workloads: new Map(),
    gateways: [],
    jwks: new Map(),
    config,
  };
}

/** @param name `<pod>.<namespace>`. */
export function plantedProxy(name: string, more: Partial<MeshProxy> = {}): MeshProxy {
  const [pod = '', namespace = ''] = name.split('.');
  return {
    nodeId: `${more.type ?? 'sidecar'}~10.9.9.9~${name}~${namespace}.svc.cluster.local`,
    type: 'sidecar',
    address: '10.9.9.9',
    name: pod,
    namespace,
    clusterId: 'east',
    network: '',
    requestedNetworkView: [],
    labels: { app: pod },
    serviceAccount: 'default',
    locality: { region: '', zone: '', subzone: '' },
    metadata: {},
    ...more,
  };
}
