/** Each fact must be able to fail: what is planted here is what a broken mesh would give. */
import { describe, expect, it } from 'vitest';
import { increase, parseCounters } from './counters.ts';
import type { Answer } from './fact.ts';
import { judge } from './facts/reach.ts';
import { parseAnswers } from './traffic.ts';

const answers = (v1: number, v2: number, failed = 0): Answer[] => [
  ...Array.from({ length: v1 }, () => ({ version: 'v1', code: 200, time: 1, text: '' })),
  ...Array.from({ length: v2 }, () => ({ version: 'v2', code: 200, time: 1, text: '' })),
  ...Array.from({ length: failed }, () => ({ version: undefined, code: 503, time: 1, text: 'no healthy upstream' })),
];

describe('reach', () => {
  it.each([
    ['all answered in about equal parts', answers(48, 52), 'pass'],
    ['one answer is an error', answers(50, 49, 1), 'fail'],
    ['a version is missing', answers(100, 0), 'fail'],
    ['a version has much less than its part', answers(80, 20), 'fail'],
    ['requests are missing', answers(40, 40), 'fail'],
  ] as const)('where %s: %s', (_, list, status) => {
    expect(judge(100, list as Answer[], ['v1', 'v2']).status).toBe(status);
  });

  it('says what the failing answer was', () => {
    expect(judge(100, answers(50, 49, 1), ['v1', 'v2'])).toMatchObject({
      measured: '99 of 100 answered: v1 50, v2 49',
      why: expect.stringContaining('503: no healthy upstream'),
    });
  });
});

it('reads what curl prints, be it an answer or none', () => {
  const output = 'Hello version: v2, instance: x\n~~~200 0.0123\nupstream connect error~~~503 0.5\n~~~000 5.0\n';
  expect(parseAnswers(output)).toEqual([
    { version: 'v2', code: 200, time: 12.3, text: 'Hello version: v2, instance: x' },
    { version: undefined, code: 503, time: 500, text: 'upstream connect error' },
    { version: undefined, code: 0, time: 5000, text: '' },
  ]);
});

describe('the counters of a proxy', () => {
  const line = (labels: Record<string, string>, count: number, prefix = 'envoy_') =>
    `${prefix}istio_requests_total{${Object.entries(labels)
      .map(([key, value]) => `${key}="${value}"`)
      .join(',')}} ${count}\n`;
  const good = {
    reporter: 'destination',
    source_cluster: 'east',
    source_principal: 'spiffe://a',
    connection_security_policy: 'mutual_tls',
  };

  it('are those of the destination, under either name', () => {
    const text =
      line(good, 3) + line({ ...good, source_cluster: 'west' }, 2, '') + line({ ...good, reporter: 'source' }, 9);
    expect(parseCounters(text, 'east')).toEqual([
      {
        destinationCluster: 'east',
        sourceCluster: 'east',
        sourcePrincipal: 'spiffe://a',
        security: 'mutual_tls',
        count: 3,
      },
      {
        destinationCluster: 'east',
        sourceCluster: 'west',
        sourcePrincipal: 'spiffe://a',
        security: 'mutual_tls',
        count: 2,
      },
    ]);
  });

  it('do not count a stranger, nor plain text, as the client', () => {
    const before = parseCounters(line(good, 3), 'east');
    const after = parseCounters(
      line(good, 5) +
        line({ ...good, source_principal: 'spiffe://b' }, 4) +
        line({ ...good, connection_security_policy: 'none' }, 4),
      'east',
    );
    expect(
      increase(before, after, (one) => one.sourcePrincipal === 'spiffe://a' && one.security === 'mutual_tls'),
    ).toBe(2);
    expect(increase(before, after, () => true)).toBe(10);
  });
});
