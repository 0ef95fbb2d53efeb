/** Runs the layout beside the page, so that a big graph does not stop it. */
import { type LayoutEdge, type LayoutNode, layout } from './layout.ts';

export interface LayoutRequest {
  serial: number;
  nodes: LayoutNode[];
  edges: LayoutEdge[];
}

self.onmessage = (event: MessageEvent<LayoutRequest>): void => {
  const { serial, nodes, edges } = event.data;
  self.postMessage({ serial, positions: layout(nodes, edges) });
};
