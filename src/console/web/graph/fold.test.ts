import { describe, expect, test } from 'vitest';
import type { Graph, GraphEdge, GraphNode } from '../../api.ts';
import { boxKey, type FoldedNode, fold } from './fold.ts';

/** Two clusters with one namespace each; `a` and `b` in east call `c` and `d` in west, and `a` calls `b`. */
function planted(): Graph {
  const node = (fields: Partial<GraphNode> & { id: string }): { data: GraphNode } => ({
    data: { nodeType: 'workload', cluster: fields.id.split('/')[0]!, namespace: 'shop', healthData: null, ...fields },
  });
  const edge = (source: string, target: string, rate: number, more: Partial<GraphEdge> = {}): { data: GraphEdge } => ({
    data: {
      id: `${source} ${target}`,
      source,
      target,
      healthStatus: 'Healthy',
      traffic: { protocol: 'http', rates: { http: String(rate), httpPercentErr: '0' }, responses: {} },
      ...more,
    },
  });
  const box = (id: string, isBox: 'cluster' | 'namespace', parent?: string) =>
    node({ id, isBox, nodeType: 'box', ...(parent ? { parent } : {}) });
  return {
    timestamp: 0,
    duration: 60,
    graphType: 'workload',
    problems: [],
    elements: {
      nodes: [
        ...['east', 'west'].flatMap((name) => [box(name, 'cluster'), box(`${name}/shop`, 'namespace', name)]),
        node({ id: 'east/a', parent: 'east/shop', healthStatus: 'Healthy' }),
        node({ id: 'east/b', parent: 'east/shop', healthStatus: 'Degraded' }),
        node({ id: 'west/c', parent: 'west/shop' }),
        node({ id: 'west/d', parent: 'west/shop' }),
      ],
      edges: [
        edge('east/a', 'east/b', 5),
        edge('east/a', 'west/c', 1, { crossCluster: true, isMTLS: '100', responseTime: '20' }),
        edge('east/b', 'west/d', 3, {
          crossCluster: true,
          isMTLS: '0',
          responseTime: '80',
          healthStatus: 'Failure',
          broken: 'no gateway',
          traffic: { protocol: 'http', rates: { http: '3', httpPercentErr: '20' }, responses: {} },
        }),
      ],
    },
  };
}

const ids = (graph: Graph) => graph.elements.nodes.map(({ data }) => data.id);

describe('folding', () => {
  test('a small graph is left as it is', () => {
    const graph = planted();
    const { graph: same, level } = fold(graph, 'auto', new Set());
    expect(level).toBe('none');
    expect(same.elements).toEqual(graph.elements);
  });

  test('clusters as nodes, with sums, the worst, and what is inside', () => {
    const { graph, standIn } = fold(planted(), 'cluster', new Set());
    expect(ids(graph)).toEqual(['east', 'west']);
    expect(graph.elements.nodes[0]!.data).toMatchObject({
      healthStatus: 'Degraded',
      folded: { nodes: 2, rateInside: 5 },
    } satisfies Partial<FoldedNode>);
    expect(graph.elements.edges).toHaveLength(1);
    expect(graph.elements.edges[0]!.data).toMatchObject({
      source: 'east',
      target: 'west',
      healthStatus: 'Failure',
      isMTLS: '25.0',
      responseTime: '80',
      crossCluster: true,
      broken: '1 of 2 ways: no gateway',
      traffic: { protocol: 'http', rates: { http: '4', httpPercentErr: '15.00' } },
    });
    expect(standIn.get('west/d')).toBe('west');
  });

  test('one box is opened by hand, or closed', () => {
    const opened = fold(planted(), 'cluster', new Set(['east', 'east/shop'])).graph;
    expect(ids(opened)).toEqual(['east', 'east/shop', 'west', 'east/a', 'east/b']);
    expect(opened.elements.edges.map(({ data }) => data.id)).toEqual([
      'east/a east/b',
      'east/a>west>http',
      'east/b>west>http',
    ]);
    const closed = fold(planted(), 'none', new Set(['west/shop'])).graph;
    expect(ids(closed)).toEqual(['east', 'east/shop', 'west', 'west/shop', 'east/a', 'east/b']);
    expect(boxKey(closed.elements.nodes[3]!.data)).toBe('west/shop');
  });

  test('what is too much to read is folded as far as it must be', () => {
    const graph = planted();
    const many = Array.from({ length: 200 }, (_, index) => ({
      data: { ...graph.elements.nodes[4]!.data, id: `east/more-${index}` },
    }));
    graph.elements.nodes.push(...many);
    expect(fold(graph, 'auto', new Set()).level).toBe('namespace');
  });
});
