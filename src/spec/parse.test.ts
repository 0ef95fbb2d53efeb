import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultMesh, formatProblem, meshJsonSchema, parseMesh, renderExample } from './index.ts';

const here = { exists: () => true };

/** A valid file, with lines replaced. */
function file(changes: Record<string, string> = {}): string {
  let text = `apiVersion: isthmus.dev/v1alpha1
kind: Mesh
metadata:
  name: test
spec:
  clusters:
    - name: east
      network: network1
      role: primary
    - name: west
      network: network2
      role: remote
      primary: east
`;
  for (const [from, to] of Object.entries(changes)) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  return text;
}

function problemsOf(text: string, exists = true): string[] {
  const result = parseMesh(text, 'mesh.yaml', { exists: () => exists });
  return 'problems' in result ? result.problems.map(formatProblem) : [];
}

function meshOf(text: string) {
  const result = parseMesh(text, '/somewhere/mesh.yaml', here);
  if ('problems' in result) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.mesh;
}

test('the example that init writes is the default mesh', () => {
  expect(meshOf(renderExample())).toEqual(defaultMesh());
});

test('a file that says only what must be said is the default mesh too', () => {
  expect({ ...meshOf(file()), name: 'east-west' }).toEqual(defaultMesh());
});

test('the default mesh has the addresses of the tutorial', () => {
  expect(defaultMesh().clusters).toMatchObject([
    {
      name: 'east',
      network: 'network1',
      role: 'primary',
      nodeAddress: '192.168.49.2',
      podRange: '10.10.0.0/16',
      serviceRange: '10.110.0.0/16',
      loadBalancerRange: '192.168.49.20-192.168.49.29',
    },
    {
      name: 'west',
      network: 'network2',
      role: 'remote',
      primary: 'east',
      nodeAddress: '192.168.49.3',
      podRange: '10.20.0.0/16',
      serviceRange: '10.120.0.0/16',
      loadBalancerRange: '192.168.49.30-192.168.49.39',
    },
  ]);
});

test('sixteen clusters have default addresses that do not meet', () => {
  const clusters = Array.from(
    { length: 16 },
    (_, index) => `    - {name: c${index}, network: n${index}, role: primary}\n`,
  );
  const text = file().replace(/ {4}- name: east[\s\S]*/, clusters.join(''));
  expect(meshOf(text).clusters).toHaveLength(16);
});

test('paths of trust files are relative to the mesh file', () => {
  const mesh = meshOf(`${file()}  trust: {files: {rootCert: pki/root.pem, rootKey: /etc/root.key}}\n`);
  expect(mesh.trust).toMatchObject({ source: 'root', rootCert: '/somewhere/pki/root.pem', rootKey: '/etc/root.key' });
});

test('a pool written as a network is the range of its addresses', () => {
  const mesh = meshOf(file({ 'role: primary': 'role: primary\n      loadBalancerRange: 192.168.49.64/28' }));
  expect(mesh.clusters[0]?.loadBalancerRange).toBe('192.168.49.64-192.168.49.79');
});

test('an existing cluster needs no addresses', () => {
  const mesh = meshOf(file({ 'role: primary': 'role: primary\n      provider: {existing: {context: kind-east}}' }));
  expect(mesh.clusters[0]).toMatchObject({
    provider: { type: 'existing', context: 'kind-east' },
    podRange: undefined,
    loadBalancerRange: undefined,
  });
});

describe('each mistake is told with its place and what to write instead', () => {
  const cases: [claim: string, changes: Record<string, string>, ...expected: string[]][] = [
    [
      'an unknown key',
      { 'metadata:\n  name: test\nspec:': 'metadata:\n  name: test\nspec:\n  meshId: m' },
      'mesh.yaml:6:3: spec.meshId: there is no key "meshId" here; did you mean meshID?',
    ],
    [
      'a misspelt role',
      { 'role: primary': 'role: primry' },
      'mesh.yaml:9:13: spec.clusters[0].role: "primry" is not one of the choices; did you mean primary?',
    ],
    [
      'a number for a text',
      { network1: '1' },
      'mesh.yaml:8:16: spec.clusters[0].network: 1 is not a text; write network1',
    ],
    [
      'a missing name',
      { 'name: west\n      network': 'network' },
      'mesh.yaml:10:7: spec.clusters[1].name: name is missing; write name: east',
    ],
    [
      'another apiVersion',
      { v1alpha1: 'v1' },
      'mesh.yaml:1:13: apiVersion: "isthmus.dev/v1" is not known here; did you mean isthmus.dev/v1alpha1?',
    ],
    [
      'another kind',
      { 'kind: Mesh': 'kind: Deployment' },
      'mesh.yaml:2:7: kind: "Deployment" is not known here; write Mesh',
    ],
    [
      'a name that is not a DNS label',
      { 'name: east': 'name: East_1' },
      'mesh.yaml:7:13: spec.clusters[0].name: "East_1" is not a DNS label (lower-case letters, digits and "-", with a letter or digit at both ends); write east-1',
      'mesh.yaml:13:16: spec.clusters[1].primary: there is no cluster "east"; did you mean East_1?',
    ],
    [
      'two clusters of one name',
      { 'name: west': 'name: east' },
      'mesh.yaml:10:13: spec.clusters[1].name: "east" is already the name of the 1st cluster; give each cluster a name of its own',
      'mesh.yaml:13:16: spec.clusters[1].primary: a remote cannot be its own primary; write primary: east',
    ],
    [
      'an embedded cluster and a real one on one network',
      {
        network2: 'network1',
        '      primary: east\n': '      primary: east\n      provider: {existing: {context: west}}\n',
      },
      'mesh.yaml:11:16: spec.clusters[1].network: east is on "network1" too, but pods of an embedded cluster and of a real one cannot reach each other directly; give them networks of their own',
    ],
    [
      'a remote that does not say its primary',
      { '      primary: east\n': '' },
      'mesh.yaml:12:13: spec.clusters[1].role: it is not said which primary serves west; write primary: east',
    ],
    [
      'a remote of nobody',
      { 'primary: east': 'primary: eats' },
      'mesh.yaml:13:16: spec.clusters[1].primary: there is no cluster "eats"; did you mean east?',
    ],
    [
      'a primary with a primary',
      { 'role: primary': 'role: primary\n      primary: west' },
      'mesh.yaml:10:16: spec.clusters[0].primary: a primary is served by itself; leave this key out, or write role: remote',
    ],
    [
      'no primary at all',
      { 'role: primary': 'role: remote\n      primary: west' },
      'mesh.yaml:6:3: spec.clusters: no cluster has a control plane; write role: primary for one of them',
      'mesh.yaml:10:16: spec.clusters[0].primary: west is itself a remote and has no control plane',
      'mesh.yaml:14:16: spec.clusters[1].primary: east is itself a remote and has no control plane',
    ],
    [
      'a network with host bits',
      { 'role: primary': 'role: primary\n      podRange: 10.10.0.1/16' },
      'mesh.yaml:10:17: spec.clusters[0].podRange: 10.10.0.1/16 has bits set beyond its prefix of 16; write 10.10.0.0/16',
    ],
    [
      "a pod range that meets the other cluster's",
      { 'role: remote': 'role: remote\n      podRange: 10.0.0.0/11' },
      'mesh.yaml:13:17: spec.clusters[1].podRange: 10.0.0.0/11, for the pods of west, overlaps 10.10.0.0/16 for the pods of east; choose a range without 10.10.0.0-10.10.255.255',
    ],
    [
      'a pod range that meets its own services',
      { 'role: primary': 'role: primary\n      serviceRange: 10.10.128.0/20' },
      'mesh.yaml:10:21: spec.clusters[0].serviceRange: 10.10.128.0/20, for the services of east, overlaps 10.10.0.0/16 for the pods of the same cluster; choose a range without 10.10.128.0-10.10.143.255',
    ],
    [
      'pools that meet',
      { 'role: primary': 'role: primary\n      loadBalancerRange: 192.168.49.20-192.168.49.30' },
      'mesh.yaml:11:13: spec.clusters[1].name: 192.168.49.30-192.168.49.39 (the default), for the load balancers of west, overlaps 192.168.49.20-192.168.49.30 for the load balancers of east; choose a range without 192.168.49.30',
    ],
    [
      'a pool with the other node in it',
      { 'role: primary': 'role: primary\n      loadBalancerRange: 192.168.49.3-192.168.49.9' },
      'mesh.yaml:11:13: spec.clusters[1].name: 192.168.49.3 (the default), for the node of west, overlaps 192.168.49.3-192.168.49.9 for the load balancers of east; choose an address without 192.168.49.3',
    ],
    [
      'a pool outside of the shared network',
      { 'role: primary': 'role: primary\n      loadBalancerRange: 192.168.50.20-192.168.50.29' },
      'mesh.yaml:10:26: spec.clusters[0].loadBalancerRange: load-balancer range 192.168.50.20-192.168.50.29 of east does not lie within the shared network 192.168.49.0/24; write loadBalancerRange: with addresses from 192.168.49.2-192.168.49.254',
    ],
    [
      'a range the wrong way round',
      { 'role: primary': 'role: primary\n      loadBalancerRange: 192.168.49.29-192.168.49.20' },
      'mesh.yaml:10:26: spec.clusters[0].loadBalancerRange: 192.168.49.29-192.168.49.20 ends before it begins; write 192.168.49.20-192.168.49.29',
    ],
    [
      'a duplicate key',
      { 'role: primary': 'role: primary\n      role: primary' },
      'mesh.yaml:10:7: this key stands here a second time; keep one of the two',
    ],
    [
      'a tab',
      { '      role: primary': '\trole: primary' },
      'mesh.yaml:9:1: tabs are not allowed as indentation; indent with spaces',
    ],
    [
      'a root that can sign nothing',
      { 'spec:': 'spec:\n  trust: {files: {rootCert: a.pem}}' },
      "mesh.yaml:6:11: spec.trust.files: nothing here can sign workload certificates; write rootKey (an intermediate is then made per cluster), or each cluster's own under clusters",
    ],
    [
      'an intermediate of nobody',
      {
        'spec:':
          'spec:\n  trust: {files: {rootCert: a, clusters: {east: {caCert: a, caKey: a, certChain: a}, wets: {caCert: a, caKey: a, certChain: a}}}}',
      },
      'mesh.yaml:6:32: spec.trust.files.clusters: the intermediate of cluster west is missing; write west: {caCert: ..., caKey: ..., certChain: ...}',
      'mesh.yaml:6:86: spec.trust.files.clusters.wets: there is no cluster "wets"; did you mean west?',
    ],
    [
      'a strange image reference',
      { 'spec:': 'spec:\n  images: {"Foo Bar": {command: [ls]}}' },
      'mesh.yaml:6:12: spec.images.Foo Bar: "Foo Bar" is not an image reference; write it as pods do, for example registry.example/team/program:1.0',
    ],
    [
      'an image without a program',
      { 'spec:': 'spec:\n  images: {a: {args: [ls]}}' },
      'mesh.yaml:6:12: spec.images.a.command: command is missing; write command: ["/usr/bin/python3","-m","http.server"]',
    ],
    [
      'a duration without a unit',
      { 'spec:': 'spec:\n  telemetry: {scrapeInterval: "15"}' },
      'mesh.yaml:6:31: spec.telemetry.scrapeInterval: "15" is not a duration (a number and one of ms, s, m, h, d); write 15s',
    ],
    [
      'a misspelt provider',
      { 'role: primary': 'role: primary\n      provider: embeded' },
      'mesh.yaml:10:17: spec.clusters[0].provider: "embeded" is not one of the choices; did you mean embedded?',
    ],
    [
      'an existing cluster without a context',
      { 'role: primary': 'role: primary\n      provider: {existing: {}}' },
      'mesh.yaml:10:18: spec.clusters[0].provider.existing.context: context is missing; write context: kind-east',
    ],
  ];
  test.each(cases)('%s', (_claim, changes, ...expected) => {
    expect(problemsOf(file(changes))).toEqual(expected);
  });
});

test('a trust file that is not there is a mistake at its place', () => {
  const text = `${file()}  trust: {files: {rootCert: /nowhere/root.pem, rootKey: /nowhere/root.key}}\n`;
  expect(problemsOf(text, false)).toEqual([
    'mesh.yaml:14:29: spec.trust.files.rootCert: there is no file /nowhere/root.pem; paths are relative to the folder of this file',
    'mesh.yaml:14:57: spec.trust.files.rootKey: there is no file /nowhere/root.key; paths are relative to the folder of this file',
  ]);
});

test('one mistake does not hide another', () => {
  const problems = problemsOf(
    file({
      'name: west': 'name: east',
      'role: primary': 'rolle: primary',
      'primary: east': 'primary: eats',
      'kind: Mesh': 'kind: Mash',
    }),
  );
  for (const part of ['"Mash"', 'key "rolle"', 'role is missing', 'already the name', 'no cluster "eats"'])
    expect(problems.join('\n')).toContain(part);
});

test.each([
  ['', 'mesh.yaml:1:1: the file is empty; run `isthmus init` to have one written'],
  ['# nothing\n', 'mesh.yaml:1:1: the file is empty; run `isthmus init` to have one written'],
  ['hello', 'mesh.yaml:1:1: "hello" is not a mapping of keys to values'],
  ['a: *b', 'mesh.yaml:1:4: this alias has no anchor before it; write the text out instead'],
  [`${file()}---\na: 1\n`, 'mesh.yaml:14:1: a second document begins here; keep one mesh per file'],
])('what is no mesh at all is told: %j', (text, expected) => {
  expect(problemsOf(text)).toEqual([expected]);
});

describe('the parser', () => {
  const judge = (text: string): void => {
    const result = parseMesh(text, 'mesh.yaml', here);
    if ('mesh' in result) return;
    expect(result.problems.length).toBeGreaterThan(0);
    const lines = text.split('\n');
    for (const problem of result.problems) {
      expect(problem.line).toBeGreaterThanOrEqual(1);
      expect(problem.line).toBeLessThanOrEqual(lines.length);
      expect(problem.column).toBeGreaterThanOrEqual(1);
      expect(problem.column).toBeLessThanOrEqual(lines[problem.line - 1]!.length + 1);
      expect(text).toContain(problem.text);
      expect(formatProblem(problem)).not.toContain('undefined');
    }
  };

  // Found by the properties below.
  test.each(['*[a\na['])('counts lines and columns in %j', judge);

  test('never throws and stays inside the text for any text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), judge));
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab:-\n {}[]"&*!|>%#,\t\r'), maxLength: 60 }), judge));
  });

  test('never throws and stays inside the text for a file with damage', () => {
    const whole = renderExample();
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.nat(40),
        fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('\n', ': ', '- ', '{', '[', '"', '0', 'null', '~')),
        (at, cut, put) => judge(whole.slice(0, at) + put + whole.slice(at + cut)),
      ),
      { numRuns: 300 },
    );
  });

  test('never throws for any value at any key', () => {
    const keys = ['clusters', 'trust', 'images', 'telemetry', 'sample', 'gateways', 'sharedNetwork', 'meshID'];
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 4 }), (key, value) =>
        judge(
          `apiVersion: isthmus.dev/v1alpha1\nkind: Mesh\nmetadata: {name: a}\nspec:\n  ${key}: ${JSON.stringify(value)}\n`,
        ),
      ),
      { numRuns: 300 },
    );
  });
});

test('the schema for editors knows every key of the example and refuses others', () => {
  const schema = meshJsonSchema();
  expect(schema['properties'].spec.additionalProperties).toBe(false);
  expect(Object.keys(schema['properties'].spec.properties)).toEqual(
    expect.arrayContaining(['meshID', 'clusters', 'trust', 'telemetry', 'images']),
  );
  expect(isDeepStrictEqual(schema, JSON.parse(JSON.stringify(schema)))).toBe(true);
});
