import { describe, expect, test } from 'vitest';
import type { GraphEdge, GraphNode } from '../../api.ts';
import { parseFind } from './find.ts';

const node = (fields: Partial<GraphNode>): GraphNode => ({
  id: 'n',
  nodeType: 'workload',
  cluster: 'east',
  namespace: 'sample',
  healthData: null,
  ...fields,
});
const edge = (fields: Partial<GraphEdge>): GraphEdge => ({
  id: 'e',
  source: 'a',
  target: 'b',
  healthStatus: 'Healthy',
  traffic: { protocol: 'http', rates: { http: '10', httpPercentErr: '20' }, responses: {} },
  ...fields,
});

const curl = node({ workload: 'curl' });
const hello = node({ workload: 'helloworld-v2', cluster: 'west', version: 'v2', isIdle: true });

function finds(text: string, subject: GraphNode | GraphEdge): boolean {
  const found = parseFind(text);
  if ('error' in found) throw new Error(found.error);
  return 'nodeType' in subject ? found.finder.node(subject) : found.finder.edge(subject, curl, hello);
}

describe('find', () => {
  test.each([
    ['cluster = west', false, true],
    ['cluster != west', true, false],
    ['ns = sample AND version = v2', false, true],
    ['workload ^= hello OR workload = curl', true, true],
    ['name contains WORLD', false, true],
    ['name not contains world', true, false],
    ['idle', false, true],
    ['!idle', true, false],
    ['NOT (idle OR cluster = east)', false, false],
    ['helloworld', false, true],
    ['"helloworld-v2"', false, true],
    ['mtls', false, false],
    ['!mtls', false, false],
  ])('%s, of nodes', (text, isCurl, isHello) => {
    expect([finds(text, curl), finds(text, hello)]).toEqual([isCurl, isHello]);
  });

  test.each([
    ['%error > 10', true],
    ['%error > 20', false],
    ['rps >= 10 AND to = west', true],
    ['tcp > 0', false],
    ['!tcp > 0', false],
    ['mtls', false],
    ['!mtls', true],
    ['rt < 100', false],
    ['cross', true],
    ['cluster = east', false],
    ['cluster = east OR from = east', true],
  ])('%s, of edges', (text, expected) => {
    expect(finds(text, edge({ crossCluster: true }))).toBe(expected);
  });

  test.each([
    ['', 'Nothing to look for'],
    ['rps > many', 'rps > wants a number, not many'],
    ['colour = red', 'colour is no field'],
    ['ns =', 'ns = what?'],
    ['(idle', 'A closing bracket is missing'],
    ['idle mtls', 'AND or OR is missing before mtls'],
    ['idle AND', 'A word is missing at the end'],
  ])('%s is a mistake', (text, told) => {
    const found = parseFind(text);
    expect('error' in found && found.error).toContain(told);
  });
});
