import type { Graph, GraphNode } from '../../api.ts';
import { parseFind } from './find.ts';
import type { Folded } from './fold.ts';
import type { Marks } from './view.ts';

export interface FindMarks {
  marks: Marks;
  mistakes: { find: string | undefined; hide: string | undefined };
}

/** What an expression finds and what another hides. With a node its edges are hidden; a box is hidden when all in it is. */
export function findMarks(graph: Graph | undefined, find: string, hide: string): FindMarks {
  const [found, findMistake] = matches(graph, find);
  const [hidden, hideMistake] = matches(graph, hide);
  if (graph) hideEmptyBoxes(graph, hidden);
  return { marks: { found, hidden }, mistakes: { find: findMistake, hide: hideMistake } };
}

function matches(graph: Graph | undefined, text: string): [Set<string>, string | undefined] {
  const ids = new Set<string>();
  if (text.trim() === '') return [ids, undefined];
  const parsed = parseFind(text);
  if ('error' in parsed) return [ids, parsed.error];
  if (!graph) return [ids, undefined];
  const { finder } = parsed;
  const nodes = new Map(graph.elements.nodes.map(({ data }) => [data.id, data]));
  for (const node of nodes.values()) if (!node.isBox && finder.node(node)) ids.add(node.id);
  for (const { data } of graph.elements.edges) {
    const [source, target] = [nodes.get(data.source), nodes.get(data.target)];
    if (source && target && finder.edge(data, source, target)) ids.add(data.id);
  }
  return [ids, undefined];
}

function hideEmptyBoxes(graph: Graph, hidden: Set<string>): void {
  if (hidden.size === 0) return;
  const members = new Map<string, GraphNode[]>();
  for (const { data } of graph.elements.nodes)
    if (data.parent !== undefined) members.set(data.parent, [...(members.get(data.parent) ?? []), data]);
  const empty = (box: string): boolean =>
    (members.get(box) ?? []).every((node) => (node.isBox ? empty(node.id) : hidden.has(node.id)));
  for (const { data } of graph.elements.nodes)
    if (data.isBox && members.has(data.id) && empty(data.id)) hidden.add(data.id);
}

/** The same marks for a graph of which boxes are folded: a box is found when something in it is. */
export function marksOn(folded: Folded | undefined, { marks, mistakes }: ReturnType<typeof findMarks>) {
  if (!folded) return { marks, mistakes };
  return { marks: { ...marks, found: new Set([...marks.found].map((id) => folded.standIn.get(id) ?? id)) }, mistakes };
}
