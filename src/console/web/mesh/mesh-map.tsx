/** Clusters as boxes on their networks, and the links between them as lines with words. */
import { useLayoutEffect, useRef, useState } from 'react';
import type { ClusterView, MeshLink } from '../../api.ts';
import { ClusterBox } from './cluster-box.tsx';
import { type DrawnLink, drawLinks } from './lines.ts';
import { LinkLabel } from './link-label.tsx';

interface MeshMapProps {
  clusters: ClusterView[];
  links: MeshLink[];
  focus: string;
  onFocus: (cluster: string) => void;
}

export function MeshMap({ clusters, links, focus, onFocus }: MeshMapProps) {
  const map = useRef<HTMLDivElement>(null);
  const [lines, setLines] = useState<DrawnLink[]>([]);
  const networks = [...new Set(clusters.map((cluster) => cluster.network ?? ''))].sort();
  const shape = JSON.stringify([links.map((link) => [link.id, link.state, link.why]), clusters]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: lines are drawn anew when what is in the boxes changes, since then they move.
  useLayoutEffect(() => {
    const element = map.current;
    if (!element) return;
    const draw = (): void => setLines(drawLinks(element, links));
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    for (const box of element.querySelectorAll('[data-cluster]')) observer.observe(box);
    return () => observer.disconnect();
  }, [shape]);

  return (
    <div className="ist-map-scroll">
      <div ref={map} className="ist-map">
        {networks.map((network) => (
          <section
            key={network}
            className="ist-network"
            aria-label={network ? `Network ${network}` : 'No network is known'}
          >
            <h2 className="ist-network-name">{network || 'network not known'}</h2>
            {clusters
              .filter((cluster) => (cluster.network ?? '') === network)
              .map((cluster) => (
                <ClusterBox
                  key={cluster.name}
                  cluster={cluster}
                  inFocus={cluster.name === focus}
                  onFocus={() => onFocus(cluster.name)}
                />
              ))}
          </section>
        ))}
        <svg className="ist-lines" aria-hidden="true">
          <defs>
            {['ok', 'degraded', 'broken', 'unknown'].map((state) => (
              <marker
                key={state}
                id={`head-${state}`}
                viewBox="0 0 8 8"
                refX="7"
                refY="4"
                markerWidth="7"
                markerHeight="7"
                orient="auto-start-reverse"
              >
                <path d="M0 0l8 4-8 4z" className={`ist-head-${state}`} />
              </marker>
            ))}
          </defs>
          {lines.map(({ link, path }) => (
            <path
              key={link.id}
              d={path}
              className={`ist-line ist-link-${link.state} ${focus && link.from !== focus && link.to !== focus ? 'ist-line-faint' : ''}`}
              markerEnd={`url(#head-${link.state})`}
              {...(link.kind === 'trust' ? { markerStart: `url(#head-${link.state})` } : {})}
            />
          ))}
        </svg>
        {lines.map(({ link, label }) => (
          <LinkLabel key={link.id} link={link} x={label.x} y={label.y} width={label.width} />
        ))}
      </div>
    </div>
  );
}
