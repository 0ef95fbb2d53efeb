/**
 * Where the nodes of a graph stand. Boxes (clusters, namespaces, apps) hold nodes and boxes, so the layout works from the inside out: the
 * members of each box are laid out by the edges between them, and the box is then one member, with a size, of the box around it.
 */

import { arrange, type Member, type Size } from './arrange.ts';

export interface LayoutNode {
  id: string;
  /** The box it stands in, or none. A box is any node that another one names as its parent. */
  parent?: string | undefined;
  width: number;
  height: number;
}

export interface LayoutEdge {
  source: string;
  target: string;
}

/** The middle of each node that is no box; boxes follow from their members. */
export type Positions = Record<string, { x: number; y: number }>;

const padding = { side: 30, top: 34 };

/** Lays out the whole graph. A parent that does not exist counts as none. */
export function layout(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Positions {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const members = new Map<string, LayoutNode[]>();
  for (const node of nodes) {
    const parent = parentOf(node, byId);
    const list = members.get(parent) ?? [];
    list.push(node);
    members.set(parent, list);
  }
  const between = liftEdges(edges, byId);
  const inside = new Map<string, Member[]>();

  const measure = (box: string): Size => {
    const list = (members.get(box) ?? []).map((node): Member => {
      const size = members.has(node.id) ? boxed(measure(node.id)) : node;
      return { id: node.id, width: size.width, height: size.height, x: 0, y: 0 };
    });
    const size = arrange(list, between.get(box) ?? [], (id) => members.has(id));
    inside.set(box, list);
    return size;
  };
  measure('');

  const positions: Positions = {};
  const place = (box: string, left: number, top: number): void => {
    for (const member of inside.get(box) ?? []) {
      const x = left + member.x;
      const y = top + member.y;
      if (members.has(member.id)) place(member.id, x + padding.side, y + padding.top);
      else positions[member.id] = { x: x + member.width / 2, y: y + member.height / 2 };
    }
  };
  place('', 0, 0);
  return positions;
}

const boxed = (size: Size): Size => ({
  width: size.width + 2 * padding.side,
  height: size.height + padding.top + padding.side,
});

function parentOf(node: LayoutNode, byId: Map<string, LayoutNode>): string {
  return node.parent !== undefined && byId.has(node.parent) ? node.parent : '';
}

/** Each edge belongs to the innermost box that holds both ends, and there joins the two members that hold the ends. */
function liftEdges(edges: readonly LayoutEdge[], byId: Map<string, LayoutNode>): Map<string, LayoutEdge[]> {
  const chain = (id: string): string[] => {
    const up: string[] = [];
    for (let node = byId.get(id); node; node = byId.get(parentOf(node, byId))) up.unshift(node.id);
    return up;
  };
  const lifted = new Map<string, LayoutEdge[]>();
  for (const edge of edges) {
    const source = chain(edge.source);
    const target = chain(edge.target);
    let depth = 0;
    while (depth < source.length && source[depth] === target[depth]) depth += 1;
    const [from, to] = [source[depth], target[depth]];
    if (from === undefined || to === undefined) continue;
    const box = source[depth - 1] ?? '';
    const list = lifted.get(box) ?? [];
    list.push({ source: from, target: to });
    lifted.set(box, list);
  }
  return lifted;
}
