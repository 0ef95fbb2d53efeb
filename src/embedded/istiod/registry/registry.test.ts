import { describe, expect, it } from 'vitest';
import { milliseconds } from '../settings.ts';
import { workloadNameOf } from './cluster-registry.ts';
import { portProtocol } from './protocol.ts';
import { sanitized } from './remote-clusters.ts';

describe('the protocol of a port', () => {
  it.each([
    [{ port: 80, name: 'http' }, 'HTTP'],
    [{ port: 80, name: 'http2-web' }, 'HTTP2'],
    [{ port: 80, name: 'grpc' }, 'GRPC'],
    [{ port: 80, name: 'grpc-web' }, 'HTTP'],
    [{ port: 443, name: 'https-x' }, 'HTTPS'],
    [{ port: 80, name: 'web' }, 'UNSUPPORTED'],
    [{ port: 80 }, 'UNSUPPORTED'],
    [{ port: 3306, name: 'db' }, 'TCP'],
    [{ port: 80, name: 'tcp', appProtocol: 'http' }, 'HTTP'],
    [{ port: 80, name: 'x', appProtocol: 'kubernetes.io/h2c' }, 'HTTP2'],
    [{ port: 53, name: 'dns', protocol: 'UDP' }, 'UDP'],
  ])('of %o is %s', (port, expected) => {
    expect(portProtocol(port)).toBe(expected);
  });
});

it('names a workload by its Deployment, its owner, or itself', () => {
  const labels = { 'pod-template-hash': 'abc' };
  const owner = (kind: string, name: string) => [{ kind, name, controller: true }];
  expect(
    workloadNameOf({ metadata: { name: 'web-abc-x', labels, ownerReferences: owner('ReplicaSet', 'web-abc') } }),
  ).toBe('web');
  expect(workloadNameOf({ metadata: { name: 'db-0', ownerReferences: owner('StatefulSet', 'db') } })).toBe('db');
  expect(workloadNameOf({ metadata: { name: 'alone' } })).toBe('alone');
});

it('refuses kubeconfigs that would run programs or read files of istiod', () => {
  const kubeconfig = (user: object, cluster: object = { server: 'https://x' }) => ({
    users: [{ name: 'u', user }],
    clusters: [{ name: 'c', cluster }],
  });
  expect(() => sanitized(kubeconfig({ exec: { command: 'x' } }))).toThrow(/exec of user u is not allowed/);
  expect(() => sanitized(kubeconfig({ tokenFile: '/x' }))).toThrow(/tokenFile/);
  expect(() => sanitized(kubeconfig({ token: 't' }, { server: 'https://x', 'certificate-authority': '/x' }))).toThrow(
    /certificate-authority/,
  );
  expect(() => sanitized(kubeconfig({ token: 't' }))).not.toThrow();
});

it('reads durations as Go writes them', () => {
  expect(milliseconds('1h30m', 0)).toBe(5_400_000);
  expect(milliseconds('100ms', 0)).toBe(100);
  expect(milliseconds('0', 7)).toBe(0);
  expect(milliseconds('nonsense', 7)).toBe(7);
});
