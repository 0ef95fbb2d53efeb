/** Two primaries on one network; then a remote on another comes to them, and goes again, while requests go on. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { notPassing, verifyFacts } from '../support/facts.ts';
import { isthmus, kubectl, temporaryHome } from '../support/isthmus.ts';
import { startLoad } from '../support/load.ts';

const flat = `apiVersion: isthmus.dev/v1alpha1
kind: Mesh
metadata: {name: flat}
spec:
  clusters:
    # Both have a control plane of their own.
    - {name: east, network: network1, role: primary}
    - {name: west, network: network1, role: primary}
`;

it('lets pods of one network reach each other without gateways, and follows a cluster that comes and goes', async () => {
  await using scope = temporaryHome();
  const { home } = scope;
  await using folder = temporaryHome();
  const file = join(folder.home, 'mesh.yaml');
  writeFileSync(file, flat);
  const up = await isthmus(['up', '-f', file], { home, timeoutMs: 240_000 });
  expect(up.code, up.stdout + up.stderr).toBe(0);
  const services = await kubectl(home, 'east', ['-n', 'istio-system', 'get', 'services', '-o', 'name']);
  expect(services.stdout).not.toContain('eastwestgateway');
  for (const claim of ['pods of east reach pod addresses of west directly', 'istiod of west has synced east'])
    expect(up.stdout).toContain(`✓ ${claim}`);

  const loads = ['east', 'west'].map((cluster) => startLoad(home, cluster));
  const added = await isthmus(
    ['cluster', 'add', 'south', '--network', 'network2', '--primary', 'east', '--yes', '-f', file],
    {
      home,
      timeoutMs: 240_000,
    },
  );
  expect(added.code, added.stdout + added.stderr).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('# Both have a control plane of their own.');
  const { facts } = await verifyFacts(home);
  expect(notPassing(facts)).toEqual([]);
  for (const id of [
    'flat/east-west',
    'isolation/south-west',
    'remote-synced/west-south',
    'gateway/south',
    'link/south-network1',
  ])
    expect([...facts.keys()]).toContain(id);

  const asked = await isthmus(['cluster', 'remove', 'south', '-f', file], { home });
  expect(asked.code).toBe(2);
  expect(readFileSync(file, 'utf8')).toContain('south');
  const removed = await isthmus(['cluster', 'remove', 'south', '--yes', '-f', file], { home, timeoutMs: 240_000 });
  const results = await Promise.all(loads.map((load) => load.stop()));
  expect(removed.code, removed.stdout + removed.stderr).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(flat);
  expect(existsSync(join(home, 'clusters/south'))).toBe(false);
  expect(results.flatMap((one) => one.failed)).toEqual([]);
  // With the last other network its gateways go as well.
  const left = await kubectl(home, 'east', ['-n', 'istio-system', 'get', 'services,secrets', '-o', 'name']);
  expect(left.stdout).not.toMatch(/eastwestgateway|remote-secret-south/);
}, 400_000);
