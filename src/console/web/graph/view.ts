/** The canvas of a graph: keeps what is drawn the same as the data, node by node, so that a new answer moves nothing that need not move. */
import cytoscape from 'cytoscape';
import type { Theme } from '../shell/theme.ts';
import type { DrawnEdge, DrawnNode } from './elements.ts';
import type { Positions } from './layout.ts';
import type { LayoutRequest } from './layout-worker.ts';
import { Overlay } from './overlay.ts';
import { graphStyle } from './style.ts';

export interface Marks {
  hidden: Set<string>;
  found: Set<string>;
}

/** Above this many edges the canvas moves as a picture, and lines are straight. */
const bigFrom = 400;

export class GraphView {
  readonly #cy: cytoscape.Core;
  readonly #overlay: Overlay;
  readonly #worker = new Worker('/assets/layout-worker.js', { type: 'module' });
  readonly #canvas: HTMLCanvasElement;
  readonly #onSelect: (id: string | undefined) => void;
  #serial = 0;
  #shape = '';
  #theme: Theme;
  #big = false;

  constructor(
    container: HTMLElement,
    canvas: HTMLCanvasElement,
    theme: Theme,
    onSelect: (id: string | undefined) => void,
  ) {
    this.#theme = theme;
    this.#canvas = canvas;
    this.#onSelect = onSelect;
    this.#cy = this.#make(container);
    this.#overlay = new Overlay(this.#cy, canvas, theme);
    this.#worker.onmessage = (event: MessageEvent<{ serial: number; positions: Positions }>) => {
      if (event.data.serial === this.#serial) this.#place(event.data.positions);
    };
  }

  #make(container: HTMLElement): cytoscape.Core {
    const cy = cytoscape({
      container,
      style: graphStyle(this.#theme, false),
      minZoom: 0.05,
      maxZoom: 3,
      boxSelectionEnabled: false,
      selectionType: 'single',
      // Made for the big graph; costs a small one nothing that can be seen.
      textureOnViewport: true,
      pixelRatio: 'auto',
    });
    cy.on('tap', (event) => {
      const id = event.target === cy ? undefined : (event.target.id() as string);
      this.#onSelect(id);
    });
    return cy;
  }

  /** Draws nodes and edges. They are laid out anew only when nodes came, went or moved to another box. */
  show(nodes: DrawnNode[], edges: DrawnEdge[]): void {
    const big = edges.length > bigFrom;
    if (big !== this.#big) {
      this.#big = big;
      this.#cy.style(graphStyle(this.#theme, big));
    }
    this.#cy.batch(() => this.#merge(nodes, edges));
    const shape = nodes.map((node) => `${node.parent ?? ''}>${node.id}`).join('\n');
    if (shape === this.#shape) {
      this.#overlay.refresh();
      return;
    }
    this.#shape = shape;
    this.#layOut(nodes, edges);
  }

  arrange(nodes: DrawnNode[], edges: DrawnEdge[]): void {
    this.#layOut(nodes, edges);
  }

  mark({ hidden, found }: Marks): void {
    this.#cy.batch(() => {
      for (const element of this.#cy.elements()) {
        element.toggleClass('hidden', hidden.has(element.id()));
        element.toggleClass('found', found.has(element.id()));
      }
    });
    this.#overlay.refresh();
  }

  /** Shows what belongs to one element and dims the rest; without an id nothing is dimmed. */
  select(id: string | undefined): void {
    this.#cy.batch(() => {
      this.#cy.elements().removeClass('dim').unselect();
      const element = id === undefined ? this.#cy.collection() : this.#cy.getElementById(id);
      if (element.empty()) return;
      element.select();
      const near = element.isNode()
        ? element.union(element.descendants()).union(element.union(element.descendants()).connectedEdges())
        : element;
      const kept = near
        .union(near.connectedNodes())
        .union(near.connectedNodes().ancestors())
        .union(element.ancestors());
      this.#cy.elements().difference(kept).addClass('dim');
    });
    this.#overlay.refresh();
  }

  animate(on: boolean): void {
    this.#overlay.animate(on);
  }

  badges(on: boolean): void {
    this.#overlay.badges(on);
  }

  theme(theme: Theme): void {
    this.#theme = theme;
    this.#cy.style(graphStyle(theme, this.#big));
    this.#overlay.theme(theme);
  }

  fit(): void {
    this.#cy.animate({ fit: { eles: this.#cy.elements(':visible'), padding: 40 }, duration: 250 });
  }

  zoomBy(factor: number): void {
    const { width, height } = this.#canvas.getBoundingClientRect();
    this.#cy.zoom({ level: this.#cy.zoom() * factor, renderedPosition: { x: width / 2, y: height / 2 } });
  }

  panBy(x: number, y: number): void {
    this.#cy.panBy({ x, y });
  }

  resize(): void {
    this.#cy.resize();
    this.#overlay.resize();
  }

  /** A picture of the graph as it stands. */
  picture(): string {
    return this.#cy.png({ full: true, scale: 2, bg: getComputedStyle(document.body).backgroundColor });
  }

  destroy(): void {
    this.#worker.terminate();
    this.#overlay.destroy();
    this.#cy.destroy();
  }

  #merge(nodes: DrawnNode[], edges: DrawnEdge[]): void {
    const wanted = new Set([...nodes, ...edges].map((one) => one.id));
    this.#cy
      .elements()
      .filter((element) => !wanted.has(element.id()))
      .remove();
    for (const node of nodes) {
      const classes = `${node.kind} tone-${node.tone}${node.faint ? ' faint' : ''}${node.unreachable ? ' unreachable' : ''}`;
      this.#set('nodes', node.id, { ...node }, classes);
      const element = this.#cy.getElementById(node.id);
      if ((element.parent().first().id() ?? undefined) !== node.parent) element.move({ parent: node.parent ?? null });
    }
    for (const edge of edges)
      this.#set(
        'edges',
        edge.id,
        { ...edge },
        `tone-${edge.tone}${edge.broken ? ' broken' : ''}${edge.cross ? ' cross' : ''}`,
      );
  }

  #set(
    group: 'nodes' | 'edges',
    id: string,
    data: cytoscape.NodeDataDefinition | cytoscape.EdgeDataDefinition,
    classes: string,
  ): void {
    const element = this.#cy.getElementById(id);
    if (element.empty()) {
      this.#cy.add({ group, data, classes } as cytoscape.ElementDefinition);
      return;
    }
    const {
      width: _width,
      height: _height,
      id: _id,
      parent: _parent,
      source: _source,
      target: _target,
      ...rest
    } = data;
    element.data(group === 'edges' ? { ...rest, width: data['width'] } : rest);
    const kept = ['hidden', 'found', 'dim'].filter((name) => element.hasClass(name));
    element.classes([...classes.split(' '), ...kept]);
  }

  #layOut(nodes: DrawnNode[], edges: DrawnEdge[]): void {
    this.#serial += 1;
    const request: LayoutRequest = {
      serial: this.#serial,
      nodes: nodes.map(({ id, parent, width, height }) => ({ id, parent, width, height })),
      edges: edges.map(({ source, target }) => ({ source, target })),
    };
    this.#worker.postMessage(request);
  }

  #place(positions: Positions): void {
    this.#cy.batch(() => {
      for (const [id, position] of Object.entries(positions)) this.#cy.getElementById(id).position(position);
    });
    this.#cy.fit(this.#cy.elements(':visible'), 40);
    if (this.#cy.zoom() > 1.4) {
      this.#cy.zoom(1.4);
      this.#cy.center(this.#cy.elements(':visible'));
    }
    this.#overlay.refresh();
    this.#canvas.dataset['laidOut'] = String(Object.keys(positions).length);
  }
}
