/**
 * What is drawn above the graph: dots that run along the edges as requests do, and marks for mutual TLS and for crossing networks. A canvas of
 * its own, so that the graph below is not drawn again for each frame.
 */
import type { Core, EdgeSingular, Position } from 'cytoscape';
import { palette } from '../common/palette.ts';
import type { Theme } from '../shell/theme.ts';
import { drawBadge } from './badges.ts';

interface Path {
  /** From, control point, to; in the graph's own coordinates. */
  points: [number, number, number, number, number, number];
  length: number;
  /** Pixels in a second. */
  speed: number;
  /** Between dots, in pixels. */
  spacing: number;
  failing: number;
  tone: 'good' | 'warn' | 'bad' | 'tcp';
  mtls: boolean;
  cross: boolean;
  moving: boolean;
  /** From where to where a label covers the edge, as parts of it; no dots there. */
  label: [number, number];
}

const maxDots = 1500;

export class Overlay {
  readonly #cy: Core;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #theme: Theme;
  #paths: Path[] = [];
  #animated = false;
  #badges = true;
  #frame = 0;
  #stale = true;
  #observer: ResizeObserver;

  constructor(cy: Core, canvas: HTMLCanvasElement, theme: Theme) {
    this.#cy = cy;
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d')!;
    this.#theme = theme;
    this.#observer = new ResizeObserver(() => this.resize());
    this.#observer.observe(canvas);
    cy.on('pan zoom', () => this.#paint());
    cy.on('position', () => this.refresh());
  }

  animate(on: boolean): void {
    this.#animated = on;
    this.#paint();
  }

  badges(on: boolean): void {
    this.#badges = on;
    this.#paint();
  }

  theme(theme: Theme): void {
    this.#theme = theme;
    this.#paint();
  }

  /** Edges have moved or changed: their ways are read again at the next frame. */
  refresh(): void {
    this.#stale = true;
    this.#paint();
  }

  resize(): void {
    const ratio = window.devicePixelRatio;
    const { width, height } = this.#canvas.getBoundingClientRect();
    this.#canvas.width = width * ratio;
    this.#canvas.height = height * ratio;
    this.#cy.resize();
    this.#paint();
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
  }

  #paint(): void {
    this.#frame ||= requestAnimationFrame((time) => {
      this.#frame = 0;
      this.#draw(time / 1000);
      if (this.#animated && this.#paths.some((path) => path.moving)) this.#paint();
    });
  }

  #draw(seconds: number): void {
    if (this.#stale) {
      this.#paths = this.#cy
        .edges(':visible')
        .filter((edge) => !edge.hasClass('dim'))
        .map(pathOf)
        .filter((path) => path !== undefined);
      this.#stale = false;
    }
    const ratio = window.devicePixelRatio;
    const context = this.#context;
    const zoom = this.#cy.zoom();
    const pan = this.#cy.pan();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.setTransform(zoom * ratio, 0, 0, zoom * ratio, pan.x * ratio, pan.y * ratio);
    const { x1, y1, x2, y2 } = this.#cy.extent();
    const seen = this.#paths.filter(({ points: [ax, ay, , , bx, by] }) => {
      return Math.max(ax, bx) > x1 && Math.min(ax, bx) < x2 && Math.max(ay, by) > y1 && Math.min(ay, by) < y2;
    });
    if (this.#animated && zoom > 0.15) this.#drawDots(seen, seconds);
    if (this.#badges && zoom > 0.4) for (const path of seen) this.#drawBadges(path);
  }

  #drawDots(paths: Path[], seconds: number): void {
    const colours = palette[this.#theme];
    let left = maxDots;
    for (const path of paths) {
      if (!path.moving) continue;
      const begin = (seconds * path.speed) % path.spacing;
      const first = Math.floor((seconds * path.speed) / path.spacing);
      for (let at = begin, index = 0; at < path.length && left > 0; at += path.spacing, index += 1, left -= 1) {
        const part = at / path.length;
        if (part > path.label[0] && part < path.label[1]) continue;
        const [x, y] = pointAt(path.points, part);
        // Every n-th dot is a request that failed, so that the share is seen; which one it is goes with it along the edge.
        const failed = path.failing > 0 && fraction((first - index) * path.failing) < path.failing;
        this.#context.fillStyle = failed ? colours.bad : colours[path.tone];
        this.#context.beginPath();
        this.#context.arc(x, y, failed ? 4 : 3, 0, 2 * Math.PI);
        this.#context.fill();
      }
    }
  }

  #drawBadges(path: Path): void {
    const colours = palette[this.#theme];
    const marks = [...(path.mtls ? (['lock'] as const) : []), ...(path.cross ? (['globe'] as const) : [])];
    for (const [index, mark] of marks.entries()) {
      const [x, y] = pointAt(path.points, (path.cross ? 0.11 : 0.2) + index * Math.min(0.1, 18 / path.length));
      drawBadge(this.#context, mark, x, y, mark === 'lock' ? colours.quiet : colours.cross, colours.ground);
    }
  }
}

const fraction = (value: number): number => value - Math.floor(value);

function pathOf(edge: EdgeSingular): Path | undefined {
  const from = edge.sourceEndpoint();
  const to = edge.targetEndpoint();
  if (!from || !to || Number.isNaN(from.x)) return undefined;
  const [control] = edge.controlPoints() ?? [];
  const middle = control ?? { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const data = edge.data() as {
    label: string;
    rate: number;
    failing: number;
    tone: string;
    mtls: boolean;
    cross: boolean;
    broken: boolean;
  };
  const length = Math.hypot(middle.x - from.x, middle.y - from.y) + Math.hypot(to.x - middle.x, to.y - middle.y);
  const much = Math.log10(1 + data.rate);
  return {
    points: [from.x, from.y, middle.x, middle.y, to.x, to.y],
    length: Math.max(length, 1),
    speed: 40 + 30 * Math.min(much, 3),
    spacing: Math.max(16, 90 - 28 * much),
    failing: data.failing,
    tone: (data.tone === 'idle' ? 'good' : data.tone) as Path['tone'],
    mtls: data.mtls,
    cross: data.cross,
    moving: data.rate > 0 && !data.broken,
    label: covered(data.label, labelAt(data.cross), from, to),
  };
}

/** Where on its edge a label stands, 0 to 1. */
export const labelAt = (cross: boolean): number => (cross ? 0.3 : 0.5);

function covered(label: string, middle: number, from: Position, to: Position): [number, number] {
  if (!label) return [2, 2];
  const lines = label.split('\n');
  const [width, height] = [Math.max(...lines.map((line) => line.length)) * 6.4 + 8, lines.length * 14 + 6];
  const length = Math.max(1, Math.hypot(to.x - from.x, to.y - from.y));
  const [across, down] = [Math.abs(to.x - from.x) / length, Math.abs(to.y - from.y) / length];
  // How far a line of this slope stays below the label.
  const half = Math.min(width / 2 / Math.max(across, 0.01), height / 2 / Math.max(down, 0.01)) / length;
  return [middle - half, middle + half];
}

/** The point at `t` of a quadratic curve. */
function pointAt([ax, ay, bx, by, cx, cy]: Path['points'], t: number): [number, number] {
  const s = 1 - t;
  return [s * s * ax + 2 * s * t * bx + t * t * cx, s * s * ay + 2 * s * t * by + t * t * cy];
}
