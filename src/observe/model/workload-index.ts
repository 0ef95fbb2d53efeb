import type { InformerEvent, KubeObject, Pod } from '../../kube/index.ts';
import { labelsOf, ownerOf, type Workload } from './workload.ts';

/** All workloads of a cluster, kept by what the watches say: a changed pod touches its own workload only. */
export class WorkloadIndex {
  readonly #byKey = new Map<string, Workload>();
  readonly #byNamespace = new Map<string, Map<string, Workload>>();

  get(namespace: string, name: string): Workload | undefined {
    return this.#byKey.get(`${namespace}/${name}`);
  }

  list(namespace?: string): Workload[] {
    if (namespace === undefined) return [...this.#byKey.values()];
    return [...(this.#byNamespace.get(namespace)?.values() ?? [])];
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Workloads of a namespace whose pods carry all the labels. */
  selected(namespace: string, selector: Record<string, string> | undefined): Workload[] {
    const wanted = Object.entries(selector ?? {});
    return this.list(namespace).filter((one) => {
      const labels = labelsOf(one);
      return wanted.every(([key, value]) => labels[key] === value);
    });
  }

  acceptOwner({ type, object }: InformerEvent<KubeObject>): void {
    const { namespace = '', name = '', ownerReferences } = object.metadata;
    // A CronJob's Job is seen as the CronJob, by its pods.
    if (object.kind === 'Job' && ownerReferences?.some((one) => one.kind === 'CronJob')) return;
    const workload = this.#ensure(namespace, name, object.kind ?? '');
    if (type === 'deleted') delete workload.object;
    else {
      workload.object = object;
      workload.kind = object.kind ?? workload.kind;
    }
    this.#dropIfEmpty(workload);
  }

  acceptPod({ type, object }: InformerEvent<Pod>): void {
    const { namespace = '', name = '' } = object.metadata;
    const owner = ownerOf(object);
    const workload = this.#ensure(namespace, owner.name, owner.kind);
    // Pods that have run to their end belong to nothing that runs.
    const ended = ['Succeeded', 'Failed'].includes(object.status?.['phase']);
    if (type === 'deleted' || ended) workload.pods.delete(name);
    else workload.pods.set(name, object);
    this.#dropIfEmpty(workload);
  }

  #ensure(namespace: string, name: string, kind: string): Workload {
    const key = `${namespace}/${name}`;
    let workload = this.#byKey.get(key);
    if (!workload) {
      workload = { namespace, name, kind, pods: new Map() };
      this.#byKey.set(key, workload);
      const beside = this.#byNamespace.get(namespace) ?? new Map<string, Workload>();
      this.#byNamespace.set(namespace, beside.set(name, workload));
    }
    return workload;
  }

  #dropIfEmpty(workload: Workload): void {
    if (workload.object || workload.pods.size > 0) return;
    this.#byKey.delete(`${workload.namespace}/${workload.name}`);
    this.#byNamespace.get(workload.namespace)?.delete(workload.name);
  }
}
