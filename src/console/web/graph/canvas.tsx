/** The graph's canvas as a part of a page. */
import { Button, Tooltip } from '@patternfly/react-core';
import CompressArrowsAltIcon from '@patternfly/react-icons/dist/esm/icons/compress-arrows-alt-icon';
import DownloadIcon from '@patternfly/react-icons/dist/esm/icons/download-icon';
import MinusIcon from '@patternfly/react-icons/dist/esm/icons/minus-icon';
import PlusIcon from '@patternfly/react-icons/dist/esm/icons/plus-icon';
import TopologyIcon from '@patternfly/react-icons/dist/esm/icons/topology-icon';
import { type ComponentType, type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import type { Graph } from '../../api.ts';
import { useStill } from '../shell/media.ts';
import { useTheme } from '../shell/theme.ts';
import { drawn } from './elements.ts';
import type { EdgeLabelKind } from './measures.ts';
import { GraphView, type Marks } from './view.ts';

interface CanvasProps {
  graph: Graph;
  labels: readonly EdgeLabelKind[];
  marks: Marks;
  selected: string | undefined;
  animated: boolean;
  badges: boolean;
  onSelect: (id: string | undefined) => void;
  /** A box is to be folded, or unfolded. */
  onToggle?: (id: string) => void;
}

export function GraphCanvas({ graph, labels, marks, selected, animated, badges, onSelect, onToggle }: CanvasProps) {
  const container = useRef<HTMLDivElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const view = useRef<GraphView>(undefined);
  const theme = useTheme();
  const still = useStill();
  const elements = useMemo(() => drawn(graph, { labels }), [graph, labels]);
  const latest = useRef({ onSelect, onToggle, theme });
  latest.current = { onSelect, onToggle, theme };

  useEffect(() => {
    const made = new GraphView(container.current!, overlay.current!, latest.current.theme, {
      onSelect: (id) => latest.current.onSelect(id),
      onToggle: (id) => latest.current.onToggle?.(id),
    });
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => view.current?.theme(theme), [theme]);
  useEffect(() => view.current?.show(elements.nodes, elements.edges), [elements]);
  useEffect(() => {
    view.current?.mark(marks);
    view.current?.select(selected);
  }, [marks, selected]);
  useEffect(() => view.current?.animate(animated && !still), [animated, still]);
  useEffect(() => view.current?.badges(badges), [badges]);

  /** The node after, or before, the one that is chosen, in the order of the table. */
  const beside = (step: number): string | undefined => {
    const ids = elements.nodes.filter(({ kind }) => !kind.startsWith('box')).map(({ id }) => id);
    const at = selected === undefined ? -1 : ids.indexOf(selected);
    if (at < 0) return step > 0 ? ids[0] : ids.at(-1);
    return ids[(at + step + ids.length) % ids.length];
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) view.current?.panBy(step[0]!, step[1]!);
    else if (event.key === '+') view.current?.zoomBy(1.25);
    else if (event.key === '-') view.current?.zoomBy(0.8);
    else if (event.key === '0') view.current?.fit();
    else if (event.key === 'Escape') onSelect(undefined);
    else if (event.key === 'n' || event.key === 'p') onSelect(beside(event.key === 'n' ? 1 : -1));
    else if (event.key === 'Enter' && selected !== undefined) onToggle?.(selected);
    else return;
    event.preventDefault();
  };
  const save = (): void => {
    const link = document.createElement('a');
    link.href = view.current?.picture() ?? '';
    link.download = 'graph.png';
    link.click();
  };
  const shownNodes = elements.nodes.filter((node) => !node.kind.startsWith('box')).length;
  return (
    <div className="ist-graph">
      <div
        className="ist-graph-canvas"
        role="application"
        aria-label={`Graph of ${shownNodes} nodes and ${elements.edges.length} edges. Arrow keys move it, plus and minus change its size, 0 shows all of it, n and p choose the next and the previous node, Enter folds or unfolds it. The same is in the table.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the drawing is moved by keys; its content is also in the table.
        tabIndex={0}
        onKeyDown={onKey}
      >
        <div ref={container} className="ist-graph-layer" />
        <canvas ref={overlay} className="ist-graph-layer ist-graph-overlay" />
      </div>
      <div className="ist-graph-controls" role="toolbar" aria-label="View of the graph">
        <Control label="Show all" Icon={CompressArrowsAltIcon} onClick={() => view.current?.fit()} />
        <Control label="Larger" Icon={PlusIcon} onClick={() => view.current?.zoomBy(1.25)} />
        <Control label="Smaller" Icon={MinusIcon} onClick={() => view.current?.zoomBy(0.8)} />
        <Control label="Arrange again" Icon={TopologyIcon} onClick={() => view.current?.arrangeAll()} />
        <Control label="Save as a picture" Icon={DownloadIcon} onClick={save} />
      </div>
    </div>
  );
}

function Control({ label, Icon, onClick }: { label: string; Icon: ComponentType; onClick: () => void }) {
  return (
    <Tooltip content={label} position="right">
      <Button variant="control" aria-label={label} icon={<Icon />} onClick={onClick} />
    </Tooltip>
  );
}
