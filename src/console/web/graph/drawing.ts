/** What stands on the canvas, kept the same as the data. */
import type cytoscape from 'cytoscape';
import type { DrawnEdge, DrawnNode } from './elements.ts';
import type { Positions } from './layout.ts';
import { labelAt } from './overlay.ts';

interface Wanted {
  definition: cytoscape.ElementDefinition;
  /** The same as text, to see whether it has changed. */
  text: string;
}

function wantedOf(group: 'nodes' | 'edges', data: DrawnNode | DrawnEdge, classes: string): Wanted {
  // Cytoscape takes the data as its own and changes it.
  const definition = { group, data: { ...data }, classes };
  return { definition, text: JSON.stringify(definition) };
}

export class Drawing {
  readonly #cy: cytoscape.Core;
  #drawn = new Map<string, Wanted>();
  #positions: Positions = {};

  constructor(cy: cytoscape.Core) {
    this.#cy = cy;
  }

  /** Where nodes stand from now on; those that are not there yet will stand there when they come. */
  place(positions: Positions): void {
    this.#positions = positions;
    for (const [id, position] of Object.entries(positions))
      if (this.#drawn.has(id)) this.#cy.getElementById(id).position({ ...position });
  }

  /** Touches only what has changed: each touch costs, and a graph is given anew every few seconds. */
  update(nodes: DrawnNode[], edges: DrawnEdge[]): void {
    const wanted = new Map<string, Wanted>();
    for (const node of nodes) {
      const flags = `${node.faint ? ' faint' : ''}${node.unreachable ? ' unreachable' : ''}`;
      wanted.set(node.id, wantedOf('nodes', node, `${node.kind} tone-${node.tone}${flags}`));
    }
    for (const edge of edges) {
      const flags = `${edge.broken ? ' broken' : ''}${edge.cross ? ' cross' : ''}`;
      wanted.set(edge.id, wantedOf('edges', edge, `tone-${edge.tone}${flags}`));
    }
    for (const id of this.#drawn.keys()) if (!wanted.has(id)) this.#cy.getElementById(id).remove();
    const fresh: cytoscape.ElementDefinition[] = [];
    for (const [id, one] of wanted) {
      const before = this.#drawn.get(id);
      // An edge goes with its node; it is drawn again with the new one.
      const there = before !== undefined && this.#cy.hasElementWithId(id);
      const position = this.#positions[id];
      if (!there) fresh.push(position ? { ...one.definition, position: { ...position } } : one.definition);
      else if (before.text !== one.text) this.#change(id, one, before);
    }
    this.#cy.add(fresh);
    this.#drawn = wanted;
    this.#spreadLabels();
  }

  #change(id: string, { definition }: Wanted, before: Wanted): void {
    const element = this.#cy.getElementById(id);
    const { id: _id, parent, source: _source, target: _target, ...rest } = definition.data as Record<string, unknown>;
    element.data(rest);
    const kept = ['hidden', 'found', 'dim'].filter((name) => element.hasClass(name));
    element.classes([...String(definition.classes).split(' '), ...kept]);
    if (before.definition.data['parent'] !== parent) element.move({ parent: (parent as string | undefined) ?? null });
  }

  /** Edges between boxes often meet in their middles; their labels stand nearer to the source, where they do not. */
  #spreadLabels(): void {
    for (const { definition } of this.#drawn.values()) {
      const { id, source, target, cross } = definition.data as unknown as DrawnEdge;
      const [from, to] = [this.#positions[source], this.#positions[target]];
      if (cross && from && to)
        this.#cy.getElementById(id).data('offset', Math.hypot(to.x - from.x, to.y - from.y) * labelAt(true));
    }
  }
}
