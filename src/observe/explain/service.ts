/** A service of the whole mesh: the same name and namespace in several clusters is one. */
import { type EndpointSlice, kinds, type Pod, type Service } from '../../kube/index.ts';
import type { IstioConfig } from './config.ts';
import type { MeshFacts } from './facts.ts';

export interface ServiceView {
  name: string;
  namespace: string;
  hostname: string;
  /** The Service of each cluster that has it; the one whose ports hold is first. */
  byCluster: Map<string, Service>;
}

/** @returns undefined where no cluster has it. */
export async function findService(
  facts: MeshFacts,
  config: IstioConfig,
  name: string,
  namespace: string,
): Promise<ServiceView | undefined> {
  const found = await facts.everywhere<Service>(kinds.Service);
  const here = found.filter(({ object }) => object.metadata.name === name && object.metadata.namespace === namespace);
  if (here.length === 0) return undefined;
  // The config cluster's registry is asked first, and the first that has the service says what its ports are.
  here.sort((a, b) => Number(b.cluster === config.cluster) - Number(a.cluster === config.cluster));
  return {
    name,
    namespace,
    hostname: `${name}.${namespace}.svc.${config.domain}`,
    byCluster: new Map(here.map(({ cluster, object }) => [cluster, object])),
  };
}

/** The service of a full name, as in Envoy's clusters. */
export function findByHostname(
  facts: MeshFacts,
  config: IstioConfig,
  hostname: string,
): Promise<ServiceView | undefined> {
  const suffix = `.svc.${config.domain}`;
  const [name = '', namespace = ''] = hostname.endsWith(suffix) ? hostname.slice(0, -suffix.length).split('.') : [];
  return name && namespace ? findService(facts, config, name, namespace) : Promise.resolve(undefined);
}

export const firstOf = (service: ServiceView): { cluster: string; object: Service } => {
  const [[cluster, object]] = [...service.byCluster] as [[string, Service]];
  return { cluster, object };
};

export const portOf = (object: Service | undefined, port: number): any =>
  (object?.spec['ports'] ?? []).find((one: any) => one.port === port);

export interface ServedEndpoint {
  cluster: string;
  address: string;
  port: number;
  /** Of the port, by which endpoints and clusters are joined. */
  portName: string;
  isReady: boolean;
  isTerminating: boolean;
  pod: string | undefined;
  slice: EndpointSlice;
}

/** Endpoints of a service in a cluster, one for each port of each address. */
export async function endpointsIn(facts: MeshFacts, service: ServiceView, cluster: string): Promise<ServedEndpoint[]> {
  const slices = await facts.list<EndpointSlice>(cluster, kinds.EndpointSlice, { namespace: service.namespace });
  return slices
    .filter((one) => one.metadata.labels?.['kubernetes.io/service-name'] === service.name)
    .flatMap((slice) =>
      (slice.endpoints ?? []).flatMap((endpoint) =>
        endpoint.addresses.flatMap((address) =>
          (slice.ports ?? []).map((port) => ({
            cluster,
            address,
            port: port.port ?? 0,
            portName: port.name ?? '',
            isReady: endpoint.conditions?.ready !== false,
            isTerminating: endpoint.conditions?.terminating === true,
            pod: endpoint.targetRef?.kind === 'Pod' ? endpoint.targetRef.name : undefined,
            slice,
          })),
        ),
      ),
    );
}

/** The pod with that address. Addresses are unique within a cluster, not over several. */
export async function podAt(
  facts: MeshFacts,
  cluster: string,
  address: string,
  namespace: string | undefined,
): Promise<Pod | undefined> {
  const pods = await facts.list<Pod>(cluster, kinds.Pod, namespace ? { namespace } : {});
  return pods.find(
    (one) =>
      one['status']?.podIP === address && one['status']?.phase !== 'Succeeded' && one['status']?.phase !== 'Failed',
  );
}

export const isServiceAddress = (services: Service[], address: string): boolean =>
  services.some((one) => one.spec['clusterIP'] === address);
