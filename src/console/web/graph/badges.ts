/** Small marks on edges, as outlines in a square of 16. */
export const badgeOutlines = {
  lock: 'M5 7V5a3 3 0 0 1 6 0v2h.5a1 1 0 0 1 1 1v5a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1zm1.4 0h3.2V5a1.6 1.6 0 0 0-3.2 0z',
  globe:
    'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM3 8h2.4a9 9 0 0 0 .8 3.7A5 5 0 0 1 3 8zm3.8 0h2.4c-.1 2.7-.9 4.6-1.2 4.9C7.7 12.600 6.900 10.700 6.800 8zm2.400-1.200H6.800C6.900 4.300 7.700 3.300 8 3.100c.3.2 1.100 1.200 1.200 3.700zM10.600 8H13a5 5 0 0 1-3.200 3.700A9 9 0 0 0 10.600 8zm0-1.200a9 9 0 0 0-.8-2.500A5 5 0 0 1 12.900 6.800zM6.200 4.300a9 9 0 0 0-.8 2.500H3.100a5 5 0 0 1 3.100-2.500z',
};

export type Badge = keyof typeof badgeOutlines;

const paths = new Map<Badge, Path2D>();

/** Draws a mark with its middle at (x, y) on a round ground. */
export function drawBadge(
  context: CanvasRenderingContext2D,
  badge: Badge,
  x: number,
  y: number,
  colour: string,
  ground: string,
): void {
  const path = paths.get(badge) ?? new Path2D(badgeOutlines[badge]);
  paths.set(badge, path);
  context.fillStyle = ground;
  context.beginPath();
  context.arc(x, y, 8, 0, 2 * Math.PI);
  context.fill();
  context.save();
  context.translate(x - 7, y - 7);
  context.scale(14 / 16, 14 / 16);
  context.fillStyle = colour;
  context.fill(path, 'evenodd');
  context.restore();
}
