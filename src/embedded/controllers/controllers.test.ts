import { describe, expect, it } from 'vitest';
import type { Node, Pod, Service } from '../../kube/index.ts';
import { limits } from './deployments.ts';
import { slicesFor } from './endpoint-slices.ts';
import { chooseAddress, parsePools } from './load-balancer.ts';
import { misfit } from './scheduler.ts';

describe('a rollout', () => {
  it.each([
    [4, '25%', '25%', { surge: 1, unavailable: 1 }],
    [1, '25%', '25%', { surge: 1, unavailable: 0 }],
    [10, 0, 0, { surge: 0, unavailable: 1 }],
    [10, 3, '10%', { surge: 3, unavailable: 1 }],
  ])(
    'of %i with maxSurge %s and maxUnavailable %s may differ by %o',
    (replicas, maxSurge, maxUnavailable, expected) => {
      expect(limits({ spec: { replicas, strategy: { rollingUpdate: { maxSurge, maxUnavailable } } } })).toEqual(
        expected,
      );
    },
  );
});

describe('load-balancer addresses', () => {
  const pools = parsePools(
    'address-pools:\n- name: default\n  protocol: layer2\n  addresses: [192.168.49.20-192.168.49.21, 192.168.49.32/31]\n',
    () => {},
  );
  const choose = (used: string[], given?: string, wishes = {}) => chooseAddress(pools, new Set(used), given, wishes);

  it('are the first free ones, in the order of the pool', () => {
    expect(choose([])).toEqual({ address: '192.168.49.20' });
    expect(choose(['192.168.49.20'])).toEqual({ address: '192.168.49.21' });
    expect(choose(['192.168.49.20', '192.168.49.21'])).toEqual({ address: '192.168.49.32' });
  });
  it('are kept while they fit', () => {
    expect(choose([], '192.168.49.33')).toEqual({ address: '192.168.49.33' });
    expect(choose([], '10.0.0.1')).toEqual({ address: '192.168.49.20' });
  });
  it('are refused with the reason', () => {
    expect(choose(['192.168.49.20', '192.168.49.21', '192.168.49.32', '192.168.49.33'])).toEqual({
      why: 'no available IPs',
    });
    expect(choose([], undefined, { address: '10.0.0.1' })).toEqual({ why: '["10.0.0.1"] is not allowed in config' });
    expect(choose([], undefined, { pool: 'other' })).toEqual({ why: 'unknown pool "other"' });
    expect(chooseAddress([], new Set(), undefined, {})).toMatchObject({
      why: expect.stringContaining('no pool is defined'),
    });
  });
  it('of a configuration that cannot be read are none, and the log says so', () => {
    const said: string[] = [];
    expect(parsePools('address-pools: [', (line) => said.push(line))).toEqual([]);
    expect(said).toHaveLength(1);
  });
});

describe('endpoint slices', () => {
  const service: Service = {
    metadata: { name: 'web', namespace: 'n', uid: 'u' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }] },
  };
  const pod = (name: string, port: number, isReady: boolean, more: object = {}): Pod => ({
    metadata: { name, namespace: 'n', uid: name, ...more },
    spec: { nodeName: 'east', containers: [{ name: 'main', ports: [{ name: 'web', containerPort: port }] }] },
    status: {
      phase: 'Running',
      podIP: `10.10.0.${port % 250}`,
      conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
    },
  });

  it('are one for each set of target ports', () => {
    const slices = slicesFor(service, [pod('a', 8080, true), pod('b', 8080, false), pod('c', 9090, true)]);
    expect(
      slices.map((one) => [one.ports?.[0]?.port, one.endpoints.map((endpoint) => endpoint.conditions?.ready)]),
    ).toEqual([
      [8080, [true, false]],
      [9090, [true]],
    ]);
  });
  it('say of a pod that ends that it is not ready and may still serve', () => {
    const [slice] = slicesFor(service, [pod('a', 8080, true, { deletionTimestamp: '2026-01-01T00:00:00Z' })]);
    expect(slice?.endpoints[0]?.conditions).toEqual({ ready: false, serving: true, terminating: true });
  });
  it('are there, empty, for a service without pods', () => {
    expect(slicesFor(service, []).map((one) => one.endpoints)).toEqual([[]]);
  });
});

describe('a pod', () => {
  const node: Node = {
    metadata: { name: 'east', labels: { zone: 'a' } },
    spec: { taints: [{ key: 'only', value: 'x', effect: 'NoSchedule' }] },
  };
  const pod = (spec: object): Pod => ({
    metadata: {},
    spec: { tolerations: [{ key: 'only', operator: 'Exists' }], ...spec },
  });
  it.each([
    [{}, undefined],
    [{ nodeSelector: { zone: 'b' } }, "node(s) didn't match Pod's node affinity/selector"],
    [{ tolerations: [] }, 'node(s) had untolerated taint {only: x}'],
    [
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
            },
          },
        },
      },
      undefined,
    ],
  ])('with %o is refused by a node for %s', (spec, expected) => {
    expect(misfit(pod(spec), node)).toBe(expected);
  });
});
