/**
 * What checks look at: the whole mesh, not one cluster. Each question is remembered, so that a change makes only those checks be done again
 * that have asked for what changed.
 */
import type { KubeObject } from '../../kube/index.ts';
import { covers, fullHost, serviceOfHost } from '../config/host.ts';
import { readsConfiguration } from '../config/index-by-service.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { ModelKind } from '../model/observed-kinds.ts';
import { labelsOf } from '../model/workload.ts';
import { meshConfigOf } from '../topology/control-planes.ts';

export class Lookup {
  readonly clusters: ClusterModel[];
  /** Where the object is. */
  readonly home: ClusterModel;
  readonly asked = new Set<string>();

  constructor(clusters: ClusterModel[], home: ClusterModel) {
    this.clusters = clusters;
    this.home = home;
  }

  /** Clusters whose configuration is read by an istiod. */
  get readers(): ClusterModel[] {
    this.asked.add('Deployment/*');
    return this.clusters.filter(readsConfiguration);
  }

  /** Objects beside this one, as the same control plane reads them. */
  beside(kind: ModelKind, namespace?: string): KubeObject[] {
    this.#ask(kind, namespace);
    return this.home.list(kind, namespace);
  }

  /** Objects of all clusters. */
  all(kind: ModelKind, namespace?: string): { cluster: ClusterModel; object: KubeObject }[] {
    this.#ask(kind, namespace);
    return this.clusters.flatMap((cluster) => cluster.list(kind, namespace).map((object) => ({ cluster, object })));
  }

  namespaceLabels(cluster: ClusterModel, name: string): Record<string, string> {
    this.asked.add('Namespace/*');
    return cluster.get('Namespace', undefined, name)?.metadata.labels ?? {};
  }

  /** Workloads with their clusters, of a namespace or of all, that carry the labels. */
  workloads(namespace: string | undefined, labels: Record<string, string> = {}) {
    this.#ask('Workload', namespace);
    const wanted = Object.entries(labels);
    return this.clusters.flatMap((cluster) =>
      cluster.workloads
        .list(namespace)
        .map((workload) => ({ cluster, workload, labels: labelsOf(workload) }))
        .filter(({ labels: own }) => wanted.every(([key, value]) => own[key] === value)),
    );
  }

  hasNamespace(name: string): boolean {
    this.asked.add('Namespace/*');
    return this.clusters.some((one) => one.get('Namespace', undefined, name));
  }

  /** Clusters that have a service account. */
  accountHolders(namespace: string, name: string): ClusterModel[] {
    this.#ask('ServiceAccount', namespace);
    return this.clusters.filter((one) => one.get('ServiceAccount', namespace, name));
  }

  /** Whether labels match pods of a namespace, or of all of them, in any cluster. */
  hasWorkload(labels: Record<string, string>, namespace?: string): boolean {
    this.#ask('Workload', namespace);
    const wanted = Object.entries(labels);
    return this.clusters.some((cluster) =>
      cluster.workloads.list(namespace).some((one) => {
        const own = labelsOf(one);
        return wanted.every(([key, value]) => own[key] === value || isTopology(cluster, key, value));
      }),
    );
  }

  /** Clusters that have the service which a host means; undefined for a host that is no name of a Kubernetes service. */
  serviceHolders(host: string, namespace: string): ClusterModel[] | undefined {
    const service = serviceOfHost(host, namespace, this.domain);
    if (!service) return undefined;
    this.#ask('Service', service.namespace);
    return this.clusters.filter((one) => one.get('Service', service.namespace, service.name));
  }

  /** Whether any registry has the host: services of all clusters, ServiceEntries and hosts of VirtualServices. */
  hasHost(host: string, namespace: string): boolean {
    if (this.serviceHolders(host, namespace)?.length) return true;
    const full = fullHost(host, namespace, this.domain);
    if (full.startsWith('*') && full.endsWith(`.svc.${this.domain}`)) return true;
    const named = (kind: 'ServiceEntry' | 'VirtualService'): boolean =>
      this.all(kind).some(({ object }) =>
        (object['spec']?.hosts ?? []).some((one: string) => {
          const known = fullHost(one, object.metadata.namespace ?? '', this.domain);
          return covers(known, full) || covers(full, known);
        }),
      );
    return named('ServiceEntry') || (!serviceOfHost(host, namespace, this.domain) && named('VirtualService'));
  }

  get domain(): string {
    return 'cluster.local';
  }

  meshConfig(): any {
    this.asked.add('ConfigMap/*');
    return this.readers.flatMap((one) => one.rootNamespaces.map((name) => meshConfigOf(one, name))).find(Boolean) ?? {};
  }

  isRoot(namespace: string): boolean {
    return this.home.rootNamespaces.includes(namespace);
  }

  #ask(kind: string, namespace: string | undefined): void {
    this.asked.add(`${kind}/${namespace ?? '*'}`);
  }
}

/** Labels that istiod gives to endpoints by itself. */
function isTopology(cluster: ClusterModel, key: string, value: string): boolean {
  if (key === 'topology.istio.io/cluster') return cluster.name === value;
  return key === 'topology.istio.io/network' && cluster.network === value;
}
