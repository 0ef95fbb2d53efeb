/**
 * Arranges the members of one box: each connected part in layers from left to right, as requests flow; a layer that would be too tall is broken
 * into columns; the parts are then put on shelves. All steps are linear but for sorting, so that thousands of nodes take milliseconds.
 */
import type { LayoutEdge } from './layout.ts';
import { isMutual, onRing } from './ring.ts';

export interface Member {
  id: string;
  width: number;
  height: number;
  x: number;
  y: number;
}

const gap = { layer: 104, row: 26, box: 56, betweenBoxes: 116, part: 56 };
const maxRows = 14;
/** Width by height of what a graph is looked at in. */
const windowShape = 1.5;

export interface Size {
  width: number;
  height: number;
}

/** Sets the members' left upper corners, and gives the size of all of them. */
export function arrange(members: Member[], edges: LayoutEdge[], isBox: (id: string) => boolean): Size {
  const parts = connectedParts(members, edges).map((part) => ({ members: part, ...layered(part, edges, isBox) }));
  parts.sort((a, b) => b.height - a.height || b.width - a.width);
  const blocks = parts.map((part) => ({ ...part, x: 0, y: 0 }));
  const size = onShelves(blocks, gap.part);
  for (const block of blocks)
    for (const member of block.members) {
      member.x += block.x;
      member.y += block.y;
    }
  return size;
}

/** Puts things side by side until a shelf is full, then on the next one below. */
function onShelves(things: (Size & { x: number; y: number })[], space: number): Size {
  const area = things.reduce((sum, thing) => sum + (thing.width + space) * (thing.height + space), 0);
  const full = Math.max(Math.sqrt(area * windowShape), ...things.map((thing) => thing.width));
  let [left, top, shelf, width] = [0, 0, 0, 0];
  for (const thing of things) {
    if (left > 0 && left + thing.width > full) {
      top += shelf + space;
      [left, shelf] = [0, 0];
    }
    [thing.x, thing.y] = [left, top];
    width = Math.max(width, left + thing.width);
    shelf = Math.max(shelf, thing.height);
    left += thing.width + space;
  }
  return { width, height: top + shelf };
}

function connectedParts(members: Member[], edges: LayoutEdge[]): Member[][] {
  const root = new Map(members.map((member) => [member.id, member.id]));
  const find = (id: string): string => {
    let top = id;
    while (root.get(top) !== top) top = root.get(top)!;
    root.set(id, top);
    return top;
  };
  for (const edge of edges) root.set(find(edge.source), find(edge.target));
  const parts = new Map<string, Member[]>();
  for (const member of members) {
    const top = find(member.id);
    const part = parts.get(top) ?? [];
    part.push(member);
    parts.set(top, part);
  }
  return [...parts.values()];
}

function layered(part: Member[], edges: LayoutEdge[], isBox: (id: string) => boolean): Size {
  const ids = new Set(part.map((member) => member.id));
  const own = edges.filter((edge) => ids.has(edge.source) && edge.source !== edge.target);
  if (isMutual(part, own)) return onRing(part);
  const layers = inLayers(part, own);
  untangle(layers, own);
  if (part.some((member) => isBox(member.id))) {
    // Boxes may also stand below each other, or on shelves: whichever fills a window best.
    const ways = [
      () => inRows(layers, 'across'),
      () => inRows(layers, 'down'),
      () => onShelves(layers.flat(), gap.betweenBoxes),
    ];
    const [best] = ways.map((way) => ({ way, off: distanceFromWindow(way()) })).sort((a, b) => a.off - b.off);
    return best!.way();
  }
  return inRows(
    layers.flatMap((layer) => broken(layer)),
    'across',
    gap.row,
    gap.layer,
  );
}

const distanceFromWindow = ({ width, height }: Size): number => Math.abs(Math.log(width / height / windowShape));

/** Lays layers one after the other, `across` or `down`, and what is in a layer the other way; each is centred. */
function inRows(
  layers: Member[][],
  way: 'across' | 'down',
  within: number = gap.box,
  between: number = gap.layer,
): Size {
  const [along, side] = way === 'across' ? (['width', 'height'] as const) : (['height', 'width'] as const);
  const [at, off] = way === 'across' ? (['x', 'y'] as const) : (['y', 'x'] as const);
  const lengthOf = (layer: Member[]): number =>
    layer.reduce((sum, member) => sum + member[side], 0) + within * (layer.length - 1);
  const longest = Math.max(...layers.map(lengthOf));
  let forward = 0;
  for (const layer of layers) {
    const thickness = Math.max(...layer.map((member) => member[along]));
    let aside = (longest - lengthOf(layer)) / 2;
    for (const member of layer) {
      member[at] = forward + (thickness - member[along]) / 2;
      member[off] = aside;
      aside += member[side] + within;
    }
    forward += thickness + between;
  }
  const total = forward - between;
  return way === 'across' ? { width: total, height: longest } : { width: longest, height: total };
}

/** The layer of a node is one more than that of the farthest node that calls it. Edges that close a circle do not count. */
function inLayers(part: Member[], edges: LayoutEdge[]): Member[][] {
  const out = new Map<string, string[]>();
  const callers = new Map<string, number>(part.map((member) => [member.id, 0]));
  for (const edge of edges) {
    out.set(edge.source, [...(out.get(edge.source) ?? []), edge.target]);
    callers.set(edge.target, (callers.get(edge.target) ?? 0) + 1);
  }
  const layer = new Map<string, number>(part.map((member) => [member.id, 0]));
  const waiting = new Set(part.map((member) => member.id));
  while (waiting.size > 0) {
    let ready = [...waiting].filter((id) => callers.get(id) === 0);
    // All that is left goes round in circles: begin with the one that the fewest call.
    if (ready.length === 0) ready = [[...waiting].reduce((a, b) => (callers.get(b)! < callers.get(a)! ? b : a))];
    for (const id of ready) waiting.delete(id);
    for (const id of ready)
      for (const next of out.get(id) ?? []) {
        if (!waiting.has(next)) continue;
        layer.set(next, Math.max(layer.get(next)!, layer.get(id)! + 1));
        callers.set(next, callers.get(next)! - 1);
      }
  }
  const layers: Member[][] = [];
  for (const member of part) (layers[layer.get(member.id)!] ??= []).push(member);
  return layers.filter((members) => members !== undefined && members.length > 0);
}

/** Orders each layer by the middle of its neighbours, forwards and back, so that fewer edges cross. */
function untangle(layers: Member[][], edges: LayoutEdge[]): void {
  const neighbours = new Map<string, string[]>();
  for (const { source, target } of edges) {
    neighbours.set(source, [...(neighbours.get(source) ?? []), target]);
    neighbours.set(target, [...(neighbours.get(target) ?? []), source]);
  }
  const rank = new Map<string, number>();
  const number = (layer: Member[]): void =>
    layer.forEach((member, index) => {
      rank.set(member.id, (index + 0.5) / layer.length);
    });
  for (const layer of layers) number(layer);
  const middle = (member: Member): number => {
    const near = neighbours.get(member.id) ?? [];
    if (near.length === 0) return rank.get(member.id)!;
    return near.reduce((sum, id) => sum + rank.get(id)!, 0) / near.length;
  };
  for (let round = 0; round < 4; round += 1)
    for (const layer of round % 2 === 0 ? layers : layers.toReversed()) {
      const key = new Map(layer.map((member) => [member.id, middle(member)]));
      layer.sort((a, b) => key.get(a.id)! - key.get(b.id)! || a.id.localeCompare(b.id));
      number(layer);
    }
}

function broken(layer: Member[]): Member[][] {
  const columns = Math.ceil(layer.length / maxRows);
  const rows = Math.ceil(layer.length / columns);
  return Array.from({ length: columns }, (_, index) => layer.slice(index * rows, (index + 1) * rows)).filter(
    (column) => column.length > 0,
  );
}
