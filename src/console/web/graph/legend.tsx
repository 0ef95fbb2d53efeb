import { Button } from '@patternfly/react-core';
import { useState } from 'react';
import { type Badge, badgeOutlines } from './badges.ts';

const shapes: [string, string][] = [
  ['workload', 'Workload'],
  ['app', 'Application'],
  ['service', 'Service'],
  ['gateway', 'Gateway'],
  ['service-entry', 'Service entry'],
  ['unknown', 'Unknown source'],
  ['folded', 'Folded box: two clicks unfold it'],
];
const outlines: Record<string, string> = {
  workload: 'M9 2a7 7 0 1 1 0 14a7 7 0 1 1 0-14z',
  app: 'M4 3h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1z',
  service: 'M9 2.500L16 15H2z',
  gateway: 'M5.500 3h7L16 9l-3.500 6h-7L2 9z',
  'service-entry': 'M2 4h9l5 5-5 5H2z',
  folded: 'M2 5h14v8H2zM4 7h10v4H4z',
  unknown: 'M6 2h6l4 4v6l-4 4H6l-4-4V6z',
};
const lines: [string, string][] = [
  ['good', 'Requests, healthy'],
  ['warn', 'Some fail'],
  ['bad', '10 % or more fail'],
  ['tcp', 'TCP'],
  ['idle', 'Idle'],
  ['broken', 'The way is broken'],
];

const marks: [Badge, string][] = [
  ['lock', 'Mutual TLS'],
  ['globe', 'Between clusters'],
];

export function Legend() {
  const [open, setOpen] = useState(false);
  return (
    <div className="ist-legend">
      <Button variant="secondary" size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>
        Legend
      </Button>
      {open && (
        <div className="ist-legend-body">
          <span>Thickness: the rate, in proportion where lines are many</span>
          {shapes.map(([kind, text]) => (
            <span key={kind}>
              <svg width="18" height="18" aria-hidden="true" className="ist-legend-shape">
                <path d={outlines[kind]} />
              </svg>
              {text}
            </span>
          ))}
          {lines.map(([kind, text]) => (
            <span key={kind}>
              <i className={`ist-legend-line ist-line-${kind}`} aria-hidden="true" />
              {text}
            </span>
          ))}
          {marks.map(([mark, text]) => (
            <span key={mark}>
              <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
                <path d={badgeOutlines[mark]} fillRule="evenodd" className={`ist-badge-${mark}`} />
              </svg>
              {text}
            </span>
          ))}
        </div>
      )}
    </div>
  );
}
