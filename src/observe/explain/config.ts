/** Istio's configuration as one control plane reads it, and what lies in clusters where nobody reads it. */
import { type Kind, type KubeObject, kinds } from '../../kube/index.ts';
import type { ControlPlane, MeshFacts } from './facts.ts';
import { isExportedTo, resolveHost, selects, specificity } from './istio/hosts.ts';
import type { Decision, Deviation, ObjectReference } from './types.ts';

export interface IstioConfig {
  /** The cluster whose objects hold; undefined where no control plane was found. */
  cluster: string | undefined;
  plane: ControlPlane | undefined;
  rootNamespace: string;
  domain: string;
  virtualServices: KubeObject[];
  destinationRules: KubeObject[];
  peerAuthentications: KubeObject[];
  authorizationPolicies: KubeObject[];
  requestAuthentications: KubeObject[];
  gateways: KubeObject[];
  serviceEntries: KubeObject[];
  sidecars: KubeObject[];
  /** HTTPRoutes and GRPCRoutes. */
  gatewayRoutes: KubeObject[];
  defaultExportTo: { virtualService?: string[]; destinationRule?: string[] };
  autoMtls: boolean;
  /** Objects of other clusters, which this control plane does not read. */
  elsewhere: { cluster: string; object: KubeObject }[];
}

const traffic: Kind[] = [
  kinds.VirtualService,
  kinds.DestinationRule,
  kinds.PeerAuthentication,
  kinds.AuthorizationPolicy,
];

/** The configuration that the proxies of a cluster are given. */
export async function readConfig(facts: MeshFacts, cluster: string): Promise<IstioConfig> {
  const plane = await facts.controlPlaneOf(cluster);
  const from = plane?.cluster ?? cluster;
  const [
    virtualServices,
    destinationRules,
    peerAuthentications,
    authorizationPolicies,
    gateways,
    serviceEntries,
    sidecars,
    requestAuthentications,
    httpRoutes,
    grpcRoutes,
  ] = await Promise.all(
    [
      ...traffic,
      kinds.Gateway,
      kinds.ServiceEntry,
      kinds.Sidecar,
      kinds.RequestAuthentication,
      kinds.K8sHTTPRoute,
      kinds.K8sGRPCRoute,
    ].map((kind) => facts.list(from, kind)),
  );
  const planes = await facts.controlPlanes();
  // Clusters with a control plane of their own have their own configuration, which is not lost.
  const silent = facts.names.filter((name) => name !== from && !planes.some((one) => one.cluster === name));
  const elsewhere = await Promise.all(
    silent.flatMap((name) =>
      traffic.map(async (kind) => (await facts.list(name, kind)).map((object) => ({ cluster: name, object }))),
    ),
  );
  const mesh = plane?.meshConfig ?? {};
  return {
    cluster: plane ? from : undefined,
    plane,
    rootNamespace: mesh.rootNamespace ?? plane?.namespace ?? 'istio-system',
    domain: plane?.domain ?? 'cluster.local',
    virtualServices: virtualServices!,
    destinationRules: destinationRules!,
    peerAuthentications: peerAuthentications!,
    authorizationPolicies: authorizationPolicies!,
    requestAuthentications: requestAuthentications!,
    gateways: gateways!,
    serviceEntries: serviceEntries!,
    sidecars: sidecars!,
    gatewayRoutes: [...httpRoutes!, ...grpcRoutes!],
    defaultExportTo: {
      ...(mesh.defaultVirtualServiceExportTo ? { virtualService: mesh.defaultVirtualServiceExportTo } : {}),
      ...(mesh.defaultDestinationRuleExportTo ? { destinationRule: mesh.defaultDestinationRuleExportTo } : {}),
    },
    autoMtls: mesh.enableAutoMtls ?? true,
    elsewhere: elsewhere.flat(),
  };
}

export function referenceOf(cluster: string, object: KubeObject): ObjectReference {
  const { name = '', namespace } = object.metadata;
  return { cluster, kind: object.kind ?? '', ...(namespace ? { namespace } : {}), name };
}

export const decision = (cluster: string, object: KubeObject, says: string, field?: string): Decision => ({
  ...referenceOf(cluster, object),
  ...(field ? { field } : {}),
  says,
});

/** As in `VirtualService east/sample/helloworld`. */
export const nameText = ({ cluster, kind, namespace, name }: ObjectReference): string =>
  `${kind} ${[cluster, namespace, name].filter(Boolean).join('/')}`;

/** Traffic configuration for a host that lies where nobody reads it. */
export function unreadFor(
  config: IstioConfig,
  hostname: string,
  kind: 'VirtualService' | 'DestinationRule',
): Deviation[] {
  return config.elsewhere
    .filter(({ object }) => object.kind === kind && namesHost(object, hostname, config.domain))
    .map(({ cluster, object }) => notRead(config, cluster, object));
}

export function notRead(config: IstioConfig, cluster: string, object: KubeObject): Deviation {
  const reference = referenceOf(cluster, object);
  const resource = `${reference.kind.toLowerCase()}/${reference.name}`;
  return {
    code: 'config-not-read',
    severity: 'warning',
    message: `${nameText(reference)} has no effect: proxies of ${cluster} are configured by istiod of ${config.cluster ?? 'another cluster'}, which reads configuration from its own cluster alone.`,
    object: reference,
    ...(config.cluster
      ? {
          fix: `kubectl --context ${cluster} -n ${reference.namespace} get ${resource} -o yaml | grep -vE '^  (resourceVersion|uid|creationTimestamp):' | kubectl --context ${config.cluster} apply -f -`,
        }
      : {}),
  };
}

function namesHost(object: KubeObject, hostname: string, domain: string): boolean {
  const written: string[] = object['spec']?.hosts ?? [object['spec']?.host ?? ''];
  return written.some((host) => specificity(resolveHost(host, object.metadata.namespace ?? '', domain), hostname) > 0);
}

/** A ServiceEntry that makes the host known to the client's namespace. */
export function serviceEntryFor(config: IstioConfig, host: string, namespace: string): KubeObject | undefined {
  return config.serviceEntries.find(
    (one) =>
      isExportedTo(one, namespace) &&
      (one['spec']?.hosts ?? []).some((pattern: string) => specificity(pattern, host) > 0),
  );
}

/** What an object of Envoy's configuration was made from, by the metadata that istiod writes on it. */
export function configOf(resource: any): { kind: string; namespace: string; name: string } | undefined {
  const path = String(resource?.metadata?.filter_metadata?.istio?.config ?? '');
  const [, namespace = '', kind = '', name = ''] = /\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  if (!kind) return undefined;
  return {
    kind: kind
      .split('-')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(''),
    namespace,
    name,
  };
}

/** A service that is there and that the proxy does not know: who leaves it out. */
export function leftOut(
  config: IstioConfig,
  client: { namespace: string; labels: Record<string, string> },
  service: { cluster: string; object: KubeObject; hostname: string },
): Deviation {
  const own = config.sidecars.filter((one) => one.metadata.namespace === client.namespace);
  const sidecar =
    own.find((one) => one['spec']?.workloadSelector && selects(one['spec'].workloadSelector.labels, client.labels)) ??
    own.find((one) => !one['spec']?.workloadSelector) ??
    config.sidecars.find((one) => one.metadata.namespace === config.rootNamespace && !one['spec']?.workloadSelector);
  const exportTo = service.object.metadata.annotations?.['networking.istio.io/exportTo'];
  const reference = sidecar
    ? referenceOf(config.cluster ?? service.cluster, { ...sidecar, kind: 'Sidecar' })
    : referenceOf(service.cluster, { ...service.object, kind: 'Service' });
  const why = exportTo
    ? `its annotation networking.istio.io/exportTo is ${exportTo}`
    : sidecar
      ? `${nameText(reference)} has egress hosts ${(sidecar['spec']?.egress ?? []).flatMap((one: any) => one.hosts ?? []).join(', ')}`
      : 'its proxy has not been told of it yet';
  return {
    code: 'route-cluster-missing',
    severity: 'warning',
    message: `The client's proxy does not know ${service.hostname}: ${why}. Requests are passed on as they are, in plain text and within the cluster alone.`,
    object: reference,
    ...(sidecar && !exportTo
      ? { fix: `kubectl --context ${reference.cluster} -n ${reference.namespace} edit sidecar ${reference.name}` }
      : {}),
  };
}
