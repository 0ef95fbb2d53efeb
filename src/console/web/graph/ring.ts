/** Where most call each other there are no layers: members stand on a ring, a much bigger one in its middle, and no line passes behind a node. */
import type { Member, Size } from './arrange.ts';
import type { LayoutEdge } from './layout.ts';

const fewest = 4;
const most = 60;
/** Width by height, as of a window. */
const flat = 1.5;
const gap = 56;

/** Whether at least half of the pairs that speak do so in both directions. */
export function isMutual(part: Member[], edges: LayoutEdge[]): boolean {
  if (part.length < fewest || part.length > most) return false;
  const ways = new Set(edges.map(({ source, target }) => `${source}\n${target}`));
  const pairs = new Set(edges.map(({ source, target }) => [source, target].sort().join('\n')));
  const mutual = [...pairs].filter((pair) => {
    const [a, b] = pair.split('\n');
    return ways.has(`${a}\n${b}`) && ways.has(`${b}\n${a}`);
  });
  return pairs.size >= part.length && mutual.length * 2 >= pairs.size;
}

/** Sets the members' left upper corners. */
export function onRing(part: Member[]): Size {
  const area = (member: Member): number => member.width * member.height;
  const [biggest, ...rest] = part.toSorted((a, b) => area(b) - area(a));
  const around = area(biggest!) > 6 * area(rest[Math.floor(rest.length / 2)]!) ? rest : part;
  const order = around.toSorted((a, b) => a.id.localeCompare(b.id, undefined, { numeric: true }));
  const middle = around === rest ? biggest! : undefined;
  const reach = order.reduce((sum, { width, height }) => sum + Math.max(width, height * flat) + gap, 0) / (2 * Math.PI);
  const widest = Math.max(...order.map(({ width }) => width));
  const tallest = Math.max(...order.map(({ height }) => height));
  // An ellipse around a rectangle is larger than it by the square root of two.
  const radius = {
    x: Math.max(reach * 1.2, middle ? (middle.width / 2) * Math.SQRT2 + widest / 2 + gap : 0),
    y: Math.max(reach * 0.8, middle ? (middle.height / 2) * Math.SQRT2 + tallest / 2 + gap : 0),
  };
  let size = place(order, radius);
  while (overlap(order)) size = place(order, { x: (radius.x *= 1.15), y: (radius.y *= 1.15) });
  if (middle) {
    middle.x = (size.width - middle.width) / 2;
    middle.y = (size.height - middle.height) / 2;
  }
  return size;
}

function place(order: Member[], radius: { x: number; y: number }): Size {
  const halfWidth = radius.x + Math.max(...order.map(({ width }) => width)) / 2;
  const halfHeight = radius.y + Math.max(...order.map(({ height }) => height)) / 2;
  for (const [index, member] of order.entries()) {
    const angle = (2 * Math.PI * index) / order.length - Math.PI / 2;
    member.x = halfWidth + radius.x * Math.cos(angle) - member.width / 2;
    member.y = halfHeight + radius.y * Math.sin(angle) - member.height / 2;
  }
  return { width: 2 * halfWidth, height: 2 * halfHeight };
}

const overlap = (members: Member[]): boolean =>
  members.some((a, index) =>
    members
      .slice(index + 1)
      .some(
        (b) =>
          a.x < b.x + b.width + gap / 2 &&
          b.x < a.x + a.width + gap / 2 &&
          a.y < b.y + b.height + gap / 2 &&
          b.y < a.y + a.height + gap / 2,
      ),
  );
