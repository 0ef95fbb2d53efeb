/** Boxes by cluster, namespace and app. A cluster's box is always drawn where there is more than one, and where one cannot be reached. */
import type { BoxBy, GraphNode } from '../types/index.ts';

/** Puts parents onto the nodes and gives the boxes, outer ones first. */
export function boxNodes(nodes: GraphNode[], boxBy: BoxBy[], idOf: (key: string) => string): GraphNode[] {
  const boxes = new Map<string, GraphNode>();
  const box = (isBox: BoxBy, key: string, at: Partial<GraphNode>, parent: string | undefined): string => {
    const id = idOf(key);
    if (!boxes.has(id))
      boxes.set(id, {
        id,
        ...(parent ? { parent } : {}),
        nodeType: 'box',
        isBox,
        cluster: at.cluster ?? '',
        namespace: at.namespace ?? '',
        ...(at.app ? { app: at.app } : {}),
        healthData: null,
      });
    return id;
  };
  const apps = new Map<string, number>();
  const appKey = (one: GraphNode): string => `box_${one.cluster}_${one.namespace}_${one.app}`;
  const inAppBox = (one: GraphNode): boolean =>
    boxBy.includes('app') && one.app !== undefined && one.nodeType !== 'service';
  for (const one of nodes) if (inAppBox(one)) apps.set(appKey(one), (apps.get(appKey(one)) ?? 0) + 1);
  for (const node of nodes) {
    const { cluster, namespace } = node;
    if (cluster === 'unknown') continue;
    let parent: string | undefined;
    if (boxBy.includes('cluster')) parent = box('cluster', `box_${cluster}`, { cluster }, undefined);
    if (boxBy.includes('namespace') && namespace !== 'unknown')
      parent = box('namespace', `box_${cluster}_${namespace}`, { cluster, namespace }, parent);
    if (inAppBox(node) && (apps.get(appKey(node)) ?? 0) > 1)
      parent = box('app', appKey(node), { cluster, namespace, app: node.app! }, parent);
    if (parent) node.parent = parent;
  }
  const depth: BoxBy[] = ['cluster', 'namespace', 'app'];
  return [...boxes.values()].sort((one, other) => depth.indexOf(one.isBox!) - depth.indexOf(other.isBox!));
}
