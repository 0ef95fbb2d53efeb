import { describe, expect, test } from 'vitest';
import { type LayoutNode, layout } from './layout.ts';

const node = (id: string, parent?: string): LayoutNode => ({ id, parent, width: 40, height: 40 });

const mean = (values: number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

describe('layout', () => {
  test('callers stand left of what they call', () => {
    const positions = layout(
      [node('web'), node('api'), node('db')],
      [
        { source: 'web', target: 'api' },
        { source: 'api', target: 'db' },
        { source: 'web', target: 'db' },
      ],
    );
    expect(positions['web']!.x).toBeLessThan(positions['api']!.x);
    expect(positions['api']!.x).toBeLessThan(positions['db']!.x);
  });

  test('a circle of calls is laid out too', () => {
    const positions = layout(
      [node('a'), node('b'), node('self')],
      [
        { source: 'a', target: 'b' },
        { source: 'b', target: 'a' },
        { source: 'self', target: 'self' },
      ],
    );
    expect(Object.keys(positions).sort()).toEqual(['a', 'b', 'self']);
    expect(positions['a']).not.toEqual(positions['b']);
  });

  test('where all call each other they stand on a ring, a big one in its middle', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const edges = names.flatMap((source) =>
      names.filter((target) => target !== source).map((target) => ({ source, target })),
    );
    const flat = layout(
      names.map((name) => node(name)),
      edges,
    );
    const middle = { x: mean(names.map((name) => flat[name]!.x)), y: mean(names.map((name) => flat[name]!.y)) };
    // No three on one line: each is as far from the middle as the ellipse is there.
    for (const name of names) {
      const [x, y] = [flat[name]!.x - middle.x, flat[name]!.y - middle.y];
      expect(Math.hypot(x, y)).toBeGreaterThan(60);
    }
    const big: LayoutNode = { id: 'f', width: 800, height: 600 };
    const around = layout([...names.slice(0, 5).map((name) => node(name)), big], edges);
    const { x, y } = around['f']!;
    for (const name of names.slice(0, 5)) {
      const away = around[name]!;
      expect(Math.abs(away.x - x) > 420 || Math.abs(away.y - y) > 320).toBe(true);
    }
  });

  test('boxes do not overlap, and hold their members', () => {
    const nodes: LayoutNode[] = [];
    const edges = [];
    for (const cluster of ['east', 'west']) {
      nodes.push(node(cluster));
      for (const namespace of ['sample', 'shop', 'idle']) {
        nodes.push(node(`${cluster}/${namespace}`, cluster));
        for (let index = 0; index < 9; index += 1) {
          nodes.push(node(`${cluster}/${namespace}/${index}`, `${cluster}/${namespace}`));
          if (index > 0)
            edges.push({ source: `${cluster}/${namespace}/0`, target: `${cluster}/${namespace}/${index}` });
          edges.push({ source: `east/${namespace}/${index}`, target: `west/shop/${index}` });
        }
      }
    }
    const positions = layout(nodes, edges);
    const boxOf = (prefix: string) => {
      const inside = Object.entries(positions).filter(([id]) => id.startsWith(`${prefix}/`));
      const xs = inside.map(([, { x }]) => x);
      const ys = inside.map(([, { y }]) => y);
      return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
    };
    const boxes = ['east', 'west'].flatMap((cluster) =>
      ['sample', 'shop', 'idle'].map((ns) => boxOf(`${cluster}/${ns}`)),
    );
    for (const [index, a] of boxes.entries())
      for (const b of boxes.slice(index + 1))
        expect(a.right + 40 < b.left || b.right + 40 < a.left || a.bottom + 40 < b.top || b.bottom + 40 < a.top).toBe(
          true,
        );
    const [east, west] = [boxOf('east'), boxOf('west')];
    expect(east.right < west.left || west.right < east.left || east.bottom < west.top || west.bottom < east.top).toBe(
      true,
    );
  });

  test('nodes without edges fill an area, not a line', () => {
    const positions = Object.values(
      layout(
        Array.from({ length: 400 }, (_, index) => node(String(index))),
        [],
      ),
    );
    const width = Math.max(...positions.map(({ x }) => x)) - Math.min(...positions.map(({ x }) => x));
    const height = Math.max(...positions.map(({ y }) => y)) - Math.min(...positions.map(({ y }) => y));
    expect(width / height).toBeGreaterThan(0.5);
    expect(width / height).toBeLessThan(4);
    expect(new Set(positions.map(({ x, y }) => `${x},${y}`)).size).toBe(400);
  });

  test('a parent that is not there counts as none', () => {
    expect(layout([node('a', 'gone')], [])['a']).toBeDefined();
  });
});
