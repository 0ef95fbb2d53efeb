/** Where lines between the boxes of the map run, measured on the page. */
import type { LinkKind, MeshLink } from '../../api.ts';
import { apart } from './links.ts';

export interface DrawnLink {
  link: MeshLink;
  path: string;
  label: { x: number; y: number; width: number };
}

/** Which part of a cluster's box a link leaves, and which it comes to. */
const anchors: Record<LinkKind, [string, string]> = {
  'control-plane': ['proxies', 'control-plane'],
  'remote-secret': ['secrets', 'api'],
  'east-west': ['proxies', 'gateways'],
  trust: ['trust', 'trust'],
  federation: ['prometheus', 'prometheus'],
};

/** Between the boxes of neighbouring networks: the gap of the map and what surrounds the boxes. */
const gapWidth = 260;

interface Box {
  left: number;
  right: number;
  middle: number;
}

export function drawLinks(map: HTMLElement, links: MeshLink[]): DrawnLink[] {
  const origin = map.getBoundingClientRect();
  const boxOf = (cluster: string, part: string): Box | undefined => {
    const card = map.querySelector(`[data-cluster="${CSS.escape(cluster)}"]`);
    const row = card?.querySelector(`[data-part="${part}"]`) ?? card;
    if (!card || !row) return undefined;
    const [outer, inner] = [card.getBoundingClientRect(), row.getBoundingClientRect()];
    return {
      left: outer.left - origin.left,
      right: outer.right - origin.left,
      middle: inner.top - origin.top + Math.min(inner.height / 2, 18),
    };
  };
  const lines = links.flatMap((link) => {
    const [from, to] = anchors[link.kind];
    const [a, b] = [boxOf(link.from, from), boxOf(link.to, to)];
    return a && b ? [{ link, ...curve(a, b, spread(link)) }] : [];
  });
  const labels = apart(
    lines.map(({ link, x, y, room }) => {
      const width = Math.max(120, Math.min(230, room - 24));
      return { id: link.id, x: x - width / 2, y: y - 12, width, height: heightOf(link, width) };
    }),
  );
  return lines.map(({ link, path }) => ({ link, path, label: labels.find((label) => label.id === link.id)! }));
}

/** Lines that come to the same part from different clusters do not end in the same point. */
const spread = (link: MeshLink): number => (link.kind === 'control-plane' ? -6 : link.kind === 'east-west' ? 6 : 0);

/** A line from box to box, and where its label stands: in the gap beside the box that it leaves, since others may stand between. */
function curve(a: Box, b: Box, shift: number): { path: string; x: number; y: number; room: number } {
  const [ay, by] = [a.middle + shift, b.middle];
  if (a.right < b.left || b.right < a.left) {
    const [ax, bx] = a.right < b.left ? [a.right, b.left] : [a.left, b.right];
    const pull = (bx - ax) / 2;
    const room = Math.min(Math.abs(bx - ax), gapWidth);
    const along = room / 2 / Math.abs(bx - ax);
    const x = ax + (bx > ax ? room / 2 : -room / 2);
    const y = ay + (by - ay) * along * along * (3 - 2 * along);
    return { path: `M${ax} ${ay}C${ax + pull} ${ay} ${bx - pull} ${by} ${bx} ${by}`, x, y, room };
  }
  // One above the other: around the right side.
  const x = Math.max(a.right, b.right);
  const bulge = 60 + Math.abs(ay - by) / 8;
  const path = `M${a.right} ${ay}C${x + bulge} ${ay} ${x + bulge} ${by} ${b.right} ${by}`;
  return { path, x: x + bulge * 0.75, y: (ay + by) / 2, room: 170 };
}

/** As the words will be broken: the reason stands below the name. */
function heightOf(link: MeshLink, width: number): number {
  const lines = link.state === 'ok' || !link.why ? 0 : Math.min(8, Math.ceil((link.why.length * 6.2) / (width - 16)));
  return 30 + lines * 18;
}
