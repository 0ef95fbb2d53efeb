import { expect, it } from 'vitest';
import {
  addCluster,
  defaultMesh,
  freeAddresses,
  parseMesh,
  removeCluster,
  renderExample,
  setRevision,
} from './index.ts';

function meshOf(text: string) {
  const result = parseMesh(text, '/somewhere/mesh.yaml', { exists: () => true });
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.mesh;
}

it('adds a cluster behind the others and keeps every comment', () => {
  const text = addCluster(renderExample(), { name: 'north', network: 'network3', role: 'remote', primary: 'east' });
  for (const line of renderExample().split('\n')) expect(text.split('\n')).toContain(line);
  const mesh = meshOf(text);
  expect(mesh.clusters.map((one) => one.name)).toEqual(['east', 'west', 'north']);
  expect(mesh.clusters.slice(0, 2)).toEqual(defaultMesh().clusters);
});

it('takes a cluster out, and those behind it keep their addresses', () => {
  const three = addCluster(renderExample(), { name: 'north', network: 'network3', role: 'remote', primary: 'east' });
  const before = meshOf(three);
  const text = removeCluster(three, 'west', before);
  const after = meshOf(text);
  expect(after.clusters.map((one) => one.name)).toEqual(['east', 'north']);
  expect(after.clusters[1]).toEqual(before.clusters[2]);
  expect(text).toContain('# A primary runs the control plane, istiod.');
});

it('gives the text back as it was when what was added is taken out', () => {
  const three = addCluster(renderExample(), { name: 'north', network: 'network3', role: 'remote', primary: 'east' });
  expect(removeCluster(three, 'north', meshOf(three))).toBe(renderExample());
});

it('writes addresses into entries of both forms, with or without a node', () => {
  const text = `apiVersion: isthmus.dev/v1alpha1
kind: Mesh
metadata: {name: m}
spec:
  clusters:
  - {name: a, network: n1, role: primary} # first
  # the second
  - name: b
    network: n2
    role: primary
  - {name: c, network: n3, role: primary, node: {locality: {region: eu}}}
  - name: d
    network: n4
    role: primary
    node:
      locality: {region: eu} # there`;
  const before = meshOf(text);
  const after = removeCluster(text, 'b', before);
  expect(meshOf(after).clusters).toEqual(before.clusters.filter((one) => one.name !== 'b'));
  expect(after).not.toContain('# the second');
  expect(after).toContain('# first');
  expect(after).toContain('# there');
  // The fourth place's own addresses are those of d, which was the fourth before.
  const free = freeAddresses(meshOf(after));
  expect(free).toMatchObject({ podRange: '10.20.0.0/16', nodeAddress: '192.168.49.3' });
  const { nodeAddress, ...ranges } = free!;
  const entry = { name: 'e', network: 'n5', role: 'remote' as const, primary: 'a' };
  const more = addCluster(after, { ...entry, ...ranges, node: { address: nodeAddress } });
  expect(meshOf(more).clusters.map((one) => one.name)).toEqual(['a', 'c', 'd', 'e']);
});

it('states the revision where there is one, and where there is none', () => {
  const once = setRevision(renderExample(), 'canary', '1.31.0');
  expect(meshOf(once).controlPlane.istio).toMatchObject({ revision: 'canary', version: '1.31.0' });
  const twice = setRevision(once, 'next');
  expect(meshOf(twice).controlPlane.istio).toMatchObject({ revision: 'next', version: '1.31.0' });
  for (const line of renderExample().split('\n')) expect(twice.split('\n')).toContain(line);
  const bare =
    'apiVersion: isthmus.dev/v1alpha1\nkind: Mesh\nmetadata: {name: m}\nspec:\n  clusters: [{name: a, network: n, role: primary}]\n';
  expect(meshOf(setRevision(bare, 'canary')).controlPlane.istio.revision).toBe('canary');
});

it('says which clusters there are when it is asked for another', () => {
  expect(() => removeCluster(renderExample(), 'south', defaultMesh())).toThrow(
    expect.objectContaining({ code: 'spec.no-cluster', fix: expect.stringContaining('east, west') }),
  );
});

it('changes nothing in a file that is none', () => {
  expect(() => addCluster('spec: {clusters: 3}\n', { name: 'n', network: 'n', role: 'primary' })).toThrow('no list');
});
