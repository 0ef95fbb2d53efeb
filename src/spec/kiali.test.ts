/** What mesh.yaml says of Kiali, and what keeps it from being installed or from seeing the whole mesh. */
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { defaultMesh } from './defaults.ts';
import { parseMesh } from './parse.ts';

const provider = (context: string) => ({ existing: { context } });
const east = { name: 'east', network: 'network1', role: 'primary', provider: provider('a') };
const west = { name: 'west', network: 'network2', role: 'remote', primary: 'east', provider: provider('b') };
const north = { name: 'north', network: 'network3', role: 'primary', provider: provider('c') };

function parse(kiali: unknown, clusters: unknown[] = [east, west], more: Record<string, unknown> = {}) {
  const text = stringify({
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: 'm' },
    spec: { clusters, kiali, ...more },
  });
  return parseMesh(text, '/somewhere/mesh.yaml', { exists: () => true });
}
function kialiOf(...args: Parameters<typeof parse>) {
  const result = parse(...args);
  if ('mesh' in result) return result.mesh.kiali;
  throw new Error(result.problems.map((one) => one.message).join('; '));
}
const problemsOf = (...args: Parameters<typeof parse>) => {
  const result = parse(...args);
  return 'mesh' in result ? [] : result.problems.map((one) => one.message);
};

test('is not there unless the file asks for it', () => {
  expect(defaultMesh().kiali).toBeUndefined();
  expect(kialiOf({ homeCluster: 'east' })).toBeUndefined();
  expect(problemsOf({ enabled: false }, [{ ...east, provider: 'embedded' }])).toEqual([]);
});

test('runs in the first primary, may read only, and comes from Kiali’s own repository', () => {
  expect(kialiOf({ enabled: true }, [west, east])).toEqual({
    homeCluster: 'east',
    auth: 'anonymous',
    viewOnly: true,
    prometheus: undefined,
    program: 'helm',
    chart: undefined,
    version: undefined,
    values: {},
  });
  expect(kialiOf({ enabled: true, program: './bin/helm', chart: './kiali-server', auth: 'openid' })).toMatchObject({
    program: '/somewhere/bin/helm',
    chart: '/somewhere/kiali-server',
    auth: 'openid',
  });
  expect(kialiOf({ enabled: true, chart: 'oci://registry.example/kiali-server' })?.chart).toBe(
    'oci://registry.example/kiali-server',
  );
});

test('is refused where a cluster is embedded', () => {
  const [message] = problemsOf({ enabled: true }, [east, { ...west, provider: 'embedded' }]);
  expect(message).toContain('west is embedded');
});

test('needs a home that is there', () => {
  expect(problemsOf({ enabled: true, homeCluster: 'eats' })).toEqual(['there is no cluster "eats"']);
});

test('takes a token for a single cluster only', () => {
  expect(problemsOf({ enabled: true, auth: 'token' })).toEqual([expect.stringContaining('a token is of one cluster')]);
  expect(problemsOf({ enabled: true, auth: 'token' }, [east])).toEqual([]);
});

test('needs one Prometheus that has the series of all', () => {
  const unseen = (...args: Parameters<typeof parse>) =>
    /has no series of ([^,]+(, \w+)*), and/.exec(problemsOf(...args)[0] ?? '')?.[1];
  expect(unseen({ enabled: true })).toBeUndefined();
  expect(unseen({ enabled: true }, [east, west, north])).toBe('north');
  expect(unseen({ enabled: true, homeCluster: 'west' })).toBe('east');
  expect(unseen({ enabled: true }, [east, west], { telemetry: { federation: false } })).toBe('west');
  expect(problemsOf({ enabled: true }, [east], { telemetry: { enabled: false } })).toEqual([
    'Kiali needs a Prometheus, and there is none',
  ]);
  const prometheus = 'http://thanos-query.monitoring:9090';
  expect(kialiOf({ enabled: true, prometheus }, [east, west, north])?.prometheus).toBe(prometheus);
  expect(problemsOf({ enabled: true, prometheus: 'thanos:9090' })[0]).toContain('is not an address');
});

describe('outside of the mesh', () => {
  const managementCluster = { name: 'mgmt', context: 'kind-mgmt' };
  const prometheus = 'http://prometheus.example:9090';

  test('is at home in a cluster of its own', () => {
    const stated = { enabled: true, prometheus, managementCluster: { ...managementCluster, kubeconfig: './config' } };
    expect(kialiOf(stated)).toMatchObject({
      homeCluster: 'mgmt',
      management: { context: 'kind-mgmt', kubeconfig: '/somewhere/config' },
    });
    expect(kialiOf({ enabled: true, homeCluster: 'east' })?.management).toBeUndefined();
  });

  test.each<[Record<string, unknown>, string]>([
    [{ homeCluster: 'east' }, 'Kiali has one home'],
    [{ managementCluster: { ...managementCluster, name: 'west' } }, '"west" is already the name'],
    [{ managementCluster: { ...managementCluster, context: 'a' } }, 'context "a" is that of east'],
    [{ prometheus: undefined }, 'a management cluster has no Prometheus of the mesh'],
    [{ auth: 'token' }, 'a token is of one cluster'],
  ])('%o is refused: %s', (more, message) => {
    expect(problemsOf({ enabled: true, managementCluster, prometheus, ...more })).toEqual([
      expect.stringContaining(message),
    ]);
  });
});
