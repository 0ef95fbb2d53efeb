/** The canvas of a graph: keeps what is drawn the same as the data, node by node, so that a new answer moves nothing that need not move. */
import cytoscape from 'cytoscape';
import type { Theme } from '../shell/theme.ts';
import { Drawing } from './drawing.ts';
import type { DrawnEdge, DrawnNode } from './elements.ts';
import type { Positions } from './layout.ts';
import type { LayoutRequest } from './layout-worker.ts';
import { Overlay } from './overlay.ts';
import { graphStyle } from './style.ts';

export interface Marks {
  hidden: Set<string>;
  found: Set<string>;
}

export interface GraphViewEvents {
  /** Without an id the ground was chosen. */
  onSelect: (id: string | undefined) => void;
  /** A box, or a folded one, was clicked twice. */
  onToggle: (id: string) => void;
}

/** Above this many edges the canvas moves as a picture, and lines are straight. */
const bigFrom = 400;

const still = window.matchMedia('(prefers-reduced-motion: reduce)');

/** A small graph is not blown up to fill the window. */
const maxFirstZoom = 1.1;

export class GraphView {
  readonly #cy: cytoscape.Core;
  readonly #overlay: Overlay;
  readonly #worker = new Worker('/assets/layout-worker.js', { type: 'module' });
  readonly #canvas: HTMLCanvasElement;
  readonly #onSelect: GraphViewEvents['onSelect'];
  readonly #onToggle: GraphViewEvents['onToggle'];
  readonly #drawing: Drawing;
  #marks: Marks = { hidden: new Set(), found: new Set() };
  #selected: string | undefined;
  #latest: { nodes: DrawnNode[]; edges: DrawnEdge[] } = { nodes: [], edges: [] };
  #waiting = false;
  #placed = new Set<string>();
  /** The next layout is to be seen whole. */
  #refit = false;
  #serial = 0;
  #shape = '';
  #theme: Theme;
  #big = false;

  constructor(
    container: HTMLElement,
    canvas: HTMLCanvasElement,
    theme: Theme,
    { onSelect, onToggle }: GraphViewEvents,
  ) {
    this.#theme = theme;
    this.#canvas = canvas;
    this.#onSelect = onSelect;
    this.#onToggle = onToggle;
    this.#cy = this.#make(container);
    this.#drawing = new Drawing(this.#cy);
    this.#overlay = new Overlay(this.#cy, canvas, theme);
    this.#worker.onmessage = (event: MessageEvent<{ serial: number; positions: Positions }>) => {
      if (event.data.serial === this.#serial) this.#place(event.data.positions);
    };
  }

  #make(container: HTMLElement): cytoscape.Core {
    const cy = cytoscape({
      container,
      style: graphStyle(this.#theme, false),
      minZoom: 0.02,
      maxZoom: 3,
      boxSelectionEnabled: false,
      selectionType: 'single',
      // Made for the big graph; costs a small one nothing that can be seen.
      textureOnViewport: true,
      pixelRatio: 'auto',
    });
    cy.on('dbltap', 'node.box, node.folded', (event) => this.#onToggle(event.target.id() as string));
    cy.on('tap', (event) => {
      const id = event.target === cy ? undefined : (event.target.id() as string);
      this.#onSelect(id);
    });
    return cy;
  }

  /**
   * Draws nodes and edges. They are laid out anew only when nodes came, went or moved to another box, and what is drawn before stays until
   * the places are known: drawing thousands of edges twice would take twice as long.
   */
  show(nodes: DrawnNode[], edges: DrawnEdge[]): void {
    this.#latest = { nodes, edges };
    const shape = nodes.map((node) => `${node.parent ?? ''}>${node.id}`).join('\n');
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.arrange();
    } else if (!this.#waiting) {
      this.#draw();
    }
  }

  /** Lays all of it out again, and shows all of it. */
  arrangeAll(): void {
    this.#refit = true;
    this.arrange();
  }

  arrange(): void {
    const { nodes, edges } = this.#latest;
    this.#serial += 1;
    this.#waiting = true;
    const request: LayoutRequest = {
      serial: this.#serial,
      nodes: nodes.map(({ id, parent, width, height }) => ({ id, parent, width, height })),
      edges: edges.map(({ source, target }) => ({ source, target })),
    };
    this.#worker.postMessage(request);
  }

  mark(marks: Marks): void {
    this.#cy.batch(() => {
      for (const name of ['hidden', 'found'] as const) {
        const [before, after] = [this.#marks[name], marks[name]];
        for (const id of before) if (!after.has(id)) this.#cy.getElementById(id).removeClass(name);
        for (const id of after) this.#cy.getElementById(id).addClass(name);
      }
    });
    this.#marks = marks;
    this.#overlay.refresh();
  }

  /** Shows what belongs to one element and dims the rest; without an id nothing is dimmed. */
  select(id: string | undefined): void {
    if (id === undefined && this.#selected === undefined) return;
    this.#selected = id;
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
    this.#cy.animate({ fit: { eles: this.#cy.elements(':visible'), padding: 40 }, duration: still.matches ? 0 : 250 });
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

  #place(positions: Positions): void {
    this.#waiting = false;
    this.#cy.batch(() => {
      this.#drawing.place(positions);
      this.#draw();
    });
    if (this.#isOther(positions)) this.#fitAtOnce();
    this.#canvas.dataset['laidOut'] = String(Object.keys(positions).length);
  }

  /** Whether less than half of what is drawn was there before. A node that comes or goes must not move what somebody looks at. */
  #isOther(positions: Positions): boolean {
    const ids = Object.keys(positions);
    const known = ids.filter((id) => this.#placed.has(id)).length;
    this.#placed = new Set(ids);
    return this.#refit || known < ids.length / 2;
  }

  #fitAtOnce(): void {
    this.#refit = false;
    this.#cy.fit(this.#cy.elements(':visible'), 40);
    if (this.#cy.zoom() <= maxFirstZoom) return;
    this.#cy.zoom(maxFirstZoom);
    this.#cy.center(this.#cy.elements(':visible'));
  }

  #draw(): void {
    const { nodes, edges } = this.#latest;
    const big = edges.length > bigFrom;
    if (big !== this.#big) {
      this.#big = big;
      this.#cy.style(graphStyle(this.#theme, big));
    }
    this.#cy.batch(() => this.#drawing.update(nodes, edges));
    this.#overlay.refresh();
    // Classes are of what was drawn before; new elements get theirs.
    this.mark(this.#marks);
    this.select(this.#selected);
  }
}
