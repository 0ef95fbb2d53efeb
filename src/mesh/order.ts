/** In which order parts are brought up: each in each cluster as soon as what it needs stands there. */
import type { Mesh, MeshCluster } from '../spec/index.ts';
import type { Part } from './part.ts';

/**
 * Starts every part in every cluster that has it, each after those that it needs, all others at the same time. Parts and clusters that a
 * part needs but that are not there, or do not have it, are no obstacle. A part whose need fails, fails with that error and is not begun.
 */
export function startInOrder<T>(
  mesh: Mesh,
  parts: Part[],
  bringUp: (part: Part, cluster: MeshCluster) => Promise<T>,
): Promise<T>[] {
  const started = new Map<string, Promise<T>>();
  const start = (part: Part, cluster: MeshCluster): Promise<T> => {
    const key = `${part.name}/${cluster.name}`;
    const known = started.get(key);
    if (known) return known;
    const needs = part.needs(mesh, cluster).flatMap((need) => {
      const other = parts.find((one) => one.name === need.part);
      const where = mesh.clusters.find((one) => one.name === need.cluster);
      return other && where && other.applies(mesh, where) ? [start(other, where)] : [];
    });
    const unit = Promise.all(needs).then(() => bringUp(part, cluster));
    started.set(key, unit);
    return unit;
  };
  return mesh.clusters.flatMap((cluster) =>
    parts.filter((part) => part.applies(mesh, cluster)).map((part) => start(part, cluster)),
  );
}
