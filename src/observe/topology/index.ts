/** The mesh's topology: clusters, what stands in them, and what joins them. */
import type { ClusterModel } from '../model/cluster-model.ts';
import type { MeshModel } from '../model/mesh-model.ts';
import { isReady, proxyContainerOf } from '../model/workload.ts';
import type {
  ClusterRole,
  ClusterView,
  MeshLink,
  MeshView,
  ProxyCertificateSummary,
  SourceProblem,
} from '../types/index.ts';
import { controlPlanesOf } from './control-planes.ts';
import { disagreementsOf } from './disagreements.ts';
import type { MeshFacts } from './facts.ts';
import { Federations } from './federations.ts';
import { gatewaysOf } from './gateways.ts';
import { linksOf } from './links.ts';
import { prometheusAddresses, prometheusOf } from './prometheus-view.ts';
import { remoteSecretsOf } from './remote-secrets.ts';
import { rootsOf, trustOf, withWorkloads } from './trust.ts';

type CertificatesOf = (cluster: ClusterModel, now: number) => ProxyCertificateSummary | undefined;

export class Topology {
  readonly #model: MeshModel;
  readonly #facts: MeshFacts;
  readonly #certificatesOf: CertificatesOf;
  readonly #federations = new Federations();
  readonly #since = new Map<string, { state: MeshLink['state']; since: string }>();

  constructor(model: MeshModel, facts: MeshFacts, certificatesOf: CertificatesOf = () => undefined) {
    this.#model = model;
    this.#facts = facts;
    this.#certificatesOf = certificatesOf;
  }

  view(now = new Date()): MeshView {
    const { clusters } = this.#model;
    const addresses = prometheusAddresses(clusters);
    const views = clusters.map((one) => this.#clusterView(one, clusters, addresses, now));
    views.push(...strangers(views));
    const trusts = views.map(({ name, trust }) => ({ cluster: name, trust }));
    for (const { name, trust } of views)
      trust.sharedWith = trusts
        .filter(
          (one) =>
            one.cluster !== name && one.trust.rootFingerprint && one.trust.rootFingerprint === trust.rootFingerprint,
        )
        .map((one) => one.cluster);
    const links = linksOf({ views, model: (name) => this.#model.cluster(name) }).map((one) =>
      this.#dated(this.#certain(one), now),
    );
    const networks = new Map<string, string[]>();
    for (const { network, name } of views) if (network) networks.set(network, [...(networks.get(network) ?? []), name]);
    const planes = views.flatMap((one) => one.controlPlanes);
    return {
      timestamp: now.toISOString(),
      meshIDs: [...new Set(planes.flatMap((one) => one.meshId ?? []))],
      trustDomains: [...new Set(planes.flatMap((one) => one.trustDomain ?? []))],
      clusters: views,
      networks: [...networks].map(([name, names]) => ({ name, clusters: names })),
      links,
      roots: rootsOf(trusts),
      disagreements: disagreementsOf(clusters, views),
      problems: problemsOf(clusters),
    };
  }

  #clusterView(
    cluster: ClusterModel,
    clusters: ClusterModel[],
    addresses: Map<string, string>,
    now: Date,
  ): ClusterView {
    const facts = this.#facts.of(cluster);
    const controlPlanes = controlPlanesOf(cluster, facts);
    const pods = cluster.list('Pod').filter((one) => !['Succeeded', 'Failed'].includes(one['status']?.phase));
    const proxies = pods.map(proxyContainerOf).filter(Boolean);
    const versions: Record<string, number> = {};
    for (const { image = '' } of proxies) {
      const version = String(image).split(':').at(-1) ?? 'unknown';
      versions[version] = (versions[version] ?? 0) + 1;
    }
    const controlledBy = controllersOf(cluster, clusters, controlPlanes.length > 0);
    const { network, kubernetesVersion } = cluster;
    return {
      name: cluster.name,
      ...(cluster.origin.type === 'kubeconfig' ? { context: cluster.context } : {}),
      origin: cluster.origin,
      ...(cluster.client.connection?.server ? { server: cluster.client.connection.server } : {}),
      ...(network ? { network } : {}),
      role: roleOf(cluster, controlPlanes.length > 0, controlledBy),
      controlledBy,
      api: cluster.api,
      ...(kubernetesVersion ? { kubernetesVersion } : {}),
      controlPlanes,
      gateways: gatewaysOf(cluster),
      remoteSecrets: remoteSecretsOf(cluster, facts, this.#model, now.getTime()),
      trust: withWorkloads(trustOf(cluster, now.getTime()), this.#certificatesOf(cluster, now.getTime())),
      prometheus: prometheusOf(cluster, facts.prometheus, addresses, (found) =>
        this.#federations.missing(cluster, facts.prometheus, found, clusters),
      ),
      counts: {
        namespaces: cluster.list('Namespace').length,
        workloads: cluster.workloads.size,
        pods: pods.length,
        podsReady: pods.filter(isReady).length,
        proxies: proxies.length,
        services: cluster.list('Service').length,
      },
      proxyVersions: versions,
    };
  }

  /** What is not read yet is not missing. */
  #certain(link: Omit<MeshLink, 'since'>): Omit<MeshLink, 'since'> {
    const unread = [link.from, link.to].find((name) => this.#model.cluster(name)?.isSettled === false);
    if (!unread || link.state === 'ok' || link.state === 'unknown') return link;
    const { fix: _, ...rest } = link;
    return { ...rest, state: 'unknown', why: `not all of ${unread} has been read yet` };
  }

  #dated(link: Omit<MeshLink, 'since'>, now: Date): MeshLink {
    const known = this.#since.get(link.id);
    const since = known?.state === link.state ? known.since : now.toISOString();
    this.#since.set(link.id, { state: link.state, since });
    return { ...link, since };
  }
}

function roleOf(cluster: ClusterModel, hasIstiod: boolean, controlledBy: string[]): ClusterRole {
  if (hasIstiod) return 'primary';
  if (controlledBy.length > 0) return 'remote';
  return cluster.api.lastSeen ? 'unmeshed' : 'unknown';
}

/** topology.istio.io/controlPlaneClusters of the root namespace names them, `*` being all; without it whoever holds a remote secret of the cluster. */
function controllersOf(cluster: ClusterModel, clusters: ClusterModel[], hasIstiod: boolean): string[] {
  if (hasIstiod) return [cluster.name];
  const text = cluster.rootNamespaces
    .map(
      (name) =>
        cluster.get('Namespace', undefined, name)?.metadata.annotations?.['topology.istio.io/controlPlaneClusters'],
    )
    .find(Boolean);
  const named = (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
  const holders = clusters.filter((one) =>
    one
      .list<any>('RemoteSecret')
      .some((secret) => secret.targets.some((target: any) => target.cluster === cluster.name)),
  );
  if (named.length > 0 && !named.includes('*')) return named;
  return cluster.list('Pod').some(proxyContainerOf) || named.includes('*') ? holders.map((one) => one.name) : [];
}

/** Clusters that only a remote secret names, and that are not read by it: drawn, with the reason why nothing is known of them. */
function strangers(views: ClusterView[]): ClusterView[] {
  const known = new Set(views.map((one) => one.name));
  const named = views.flatMap((view) =>
    view.remoteSecrets.filter((one) => !known.has(one.target)).map((one) => ({ ...one, by: view.name })),
  );
  return [...new Map(named.map((one) => [one.target, one])).values()].map((one) => ({
    name: one.target,
    origin: { type: 'remote-secret', cluster: one.by, namespace: one.namespace, name: one.name },
    ...(one.server ? { server: one.server } : {}),
    role: 'unknown',
    controlledBy: [one.by],
    api: {
      reachable: false,
      reason: `no kubeconfig context leads to it; it is named by Secret ${one.namespace}/${one.name} of ${one.by}`,
      unseenKinds: [],
    },
    controlPlanes: [],
    gateways: [],
    remoteSecrets: [],
    trust: { certificates: [], sharedWith: [], state: 'unknown', why: 'the cluster cannot be asked' },
    prometheus: { state: 'unknown', why: 'the cluster cannot be asked', clusters: [], federation: [] },
    counts: { namespaces: 0, workloads: 0, pods: 0, podsReady: 0, proxies: 0, services: 0 },
    proxyVersions: {},
  }));
}

export function problemsOf(clusters: ClusterModel[]): SourceProblem[] {
  return clusters.flatMap((cluster) => {
    const { reachable, reason, lastSeen } = cluster.api;
    if (reachable) return [];
    return [
      { cluster: cluster.name, source: 'api' as const, why: reason ?? 'no answer', ...(lastSeen ? { lastSeen } : {}) },
    ];
  });
}
