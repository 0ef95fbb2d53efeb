/**
 * Federations that should be and are not. What should be is known in two ways: Isthmus writes on the ConfigMap of a Prometheus that it made whose series
 * that one takes; of any other, what was once seen among the targets is missed when it goes. Nothing is guessed from what clusters there are.
 */
import type { ConfigMap } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { FederationView } from '../types/index.ts';
import type { PrometheusFacts } from './facts.ts';

const annotation = 'isthmus.dev/federates';

export class Federations {
  readonly #seen = new Map<ClusterModel, Map<string, { job: string; target: string; at: string }>>();

  /** @param found what is among the targets now; it is remembered */
  missing(
    cluster: ClusterModel,
    facts: PrometheusFacts,
    found: FederationView[],
    clusters: ClusterModel[],
  ): FederationView[] {
    const seen = this.#seen.get(cluster) ?? new Map();
    this.#seen.set(cluster, seen);
    const at = new Date().toISOString();
    for (const { cluster: of, job, target } of found) if (of) seen.set(of, { job, target, at });
    const declared = declaredOf(cluster);
    const expected = declared ?? [...seen.keys()];
    return expected
      .filter((name) => name !== cluster.name && clusters.some((one) => one.name === name))
      .filter((name) => !found.some((one) => one.cluster === name))
      .map((name): FederationView => {
        const known = seen.get(name);
        const fields = { job: known?.job ?? `federate-${name}`, target: known?.target ?? '', cluster: name };
        if (!facts.targets)
          return { ...fields, state: 'unknown', why: facts.error ?? 'its Prometheus has not been asked yet' };
        const because = declared
          ? `annotation ${annotation} of its ConfigMap says that it should`
          : `it did until ${known?.at}`;
        return {
          ...fields,
          state: 'broken',
          why: `no target of its Prometheus is that of ${name}, and ${because}: the job was taken out of its configuration`,
        };
      });
  }
}

/** Clusters whose series are to be taken; undefined where nobody says so. */
function declaredOf(cluster: ClusterModel): string[] | undefined {
  const texts = cluster.rootNamespaces.flatMap((namespace) =>
    cluster
      .list<ConfigMap>('ConfigMap', namespace)
      .map((one) => one.metadata.annotations?.[annotation])
      .filter((one) => one !== undefined),
  );
  return texts.length === 0 ? undefined : texts.flatMap((one) => one.split(',')).filter(Boolean);
}
