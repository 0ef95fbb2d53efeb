/** What is known of the node or edge that is chosen, or of the whole graph. */
import {
  DrawerActions,
  DrawerCloseButton,
  DrawerHead,
  DrawerPanelBody,
  DrawerPanelContent,
  Title,
} from '@patternfly/react-core';
import type { Graph, GraphEdge, GraphNode } from '../../api.ts';
import { useNarrow } from '../shell/media.ts';
import { EdgeFacts } from './edge-facts.tsx';
import { GraphFacts } from './graph-facts.tsx';
import { nodeName } from './measures.ts';
import { NodeFacts } from './node-facts.tsx';

interface SidePanelProps {
  /** With nothing folded. */
  whole: Graph;
  graph: Graph;
  selected: string | undefined;
  onSelect: (id: string | undefined) => void;
  onToggle: (id: string) => void;
}

export function SidePanel({ whole, graph, selected, onSelect, onToggle }: SidePanelProps) {
  const narrow = useNarrow();
  const node = graph.elements.nodes.find(({ data }) => data.id === selected)?.data;
  const edge = graph.elements.edges.find(({ data }) => data.id === selected)?.data;
  return (
    <DrawerPanelContent
      key={String(narrow)}
      isResizable
      defaultSize={narrow ? '220px' : '360px'}
      minSize={narrow ? '120px' : '280px'}
      className="ist-side"
    >
      <DrawerHead>
        <Title headingLevel="h2" size="md">
          {titleOf(graph, node, edge)}
        </Title>
        {(node || edge) && (
          <DrawerActions>
            <DrawerCloseButton aria-label="Back to the whole graph" onClick={() => onSelect(undefined)} />
          </DrawerActions>
        )}
      </DrawerHead>
      <DrawerPanelBody>
        {node ? (
          <NodeFacts graph={graph} node={node} onSelect={onSelect} onToggle={onToggle} />
        ) : edge ? (
          <EdgeFacts graph={graph} edge={edge} onSelect={onSelect} />
        ) : (
          <GraphFacts graph={whole} drawn={graph} onSelect={onSelect} />
        )}
      </DrawerPanelBody>
    </DrawerPanelContent>
  );
}

function titleOf(graph: Graph, node: GraphNode | undefined, edge: GraphEdge | undefined): string {
  if (node) return nodeName(node);
  if (!edge) return 'Whole graph';
  const name = (id: string): string => {
    const found = graph.elements.nodes.find(({ data }) => data.id === id);
    return found ? nodeName(found.data) : '?';
  };
  return `${name(edge.source)} → ${name(edge.target)}`;
}
