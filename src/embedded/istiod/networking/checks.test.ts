import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { problemsOf } from '../validation.ts';

it.each([
  ['VirtualService', '{hosts: [a], http: [{route: [{destination: {host: b}}]}]}', []],
  ['VirtualService', '{http: [{route: [{destination: {host: b}}]}]}', []],
  ['VirtualService', '{hosts: [a], http: [{delegate: {name: b}}]}', []],
  ['VirtualService', '{tcp: [{route: [{destination: {host: b}}]}]}', [/no tcp and tls/]],
  ['VirtualService', '{hosts: [a], http: [{delegate: {name: b}, redirect: {uri: /}}]}', [/with delegate/]],
  ['VirtualService', '{hosts: [a], http: [{}]}', [/is required/]],
  ['VirtualService', '{hosts: [a], http: [{redirect: {uri: /}, directResponse: {status: 200}}]}', [/more than one/]],
  ['ServiceEntry', '{hosts: [a.example], resolution: DNS}', []],
  ['ServiceEntry', '{hosts: ["*.example"], resolution: DNS}', [/whole name/]],
  ['ServiceEntry', '{hosts: [a], resolution: STATIC, endpoints: [{address: b.example}]}', [/not an IP address/]],
  ['ServiceEntry', '{hosts: [a], endpoints: [{address: 10.0.0.1}]}', [/no endpoints/]],
  [
    'ServiceEntry',
    '{hosts: [a], resolution: STATIC, workloadSelector: {}, endpoints: [{address: 10.0.0.1}]}',
    [/only one of/],
  ],
  ['ServiceEntry', '{hosts: [a], resolution: DNS, addresses: [10.0.0.0/8]}', [/CIDR/]],
  ['ServiceEntry', '{}', [/at least one host/]],
  ['WorkloadEntry', '{}', [/address must be set/]],
  ['Sidecar', '{egress: [{hosts: [a]}, {}]}', [/of form namespace/, /at least one host/]],
  ['Sidecar', '{ingress: [{port: {number: 80}}, {port: {number: 80}}]}', [/unique/]],
  ['Gateway', '{servers: [{port: {number: 443, protocol: HTTPS}, hosts: [a]}]}', [/must have TLS settings/]],
  [
    'Gateway',
    '{servers: [{port: {number: 443, protocol: HTTPS}, hosts: [a], tls: {mode: SIMPLE}}]}',
    [/certificate/, /private key/],
  ],
  ['Gateway', '{servers: [{port: {number: 80, protocol: HTTP}, hosts: [a], tls: {httpsRedirect: true}}]}', []],
  ['Gateway', '{servers: [{port: {number: 80, protocol: HTTP}, hosts: [a], tls: {mode: SIMPLE}}]}', [/plain text/]],
] as const)('%s %s', (kind, spec, expected) => {
  const problems = problemsOf({ kind, metadata: {}, spec: parse(spec) });
  expect(problems).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern);
});

it('finds nothing wrong with what Istio takes', () => {
  const file = join(import.meta.dirname, '../../../../test/real/planted/networking.yaml');
  const objects = parseAllDocuments(readFileSync(file, 'utf8')).map((one) => one.toJS());
  expect(
    objects.flatMap((one) => problemsOf(one).map((problem) => `${one.kind} ${one.metadata.name}: ${problem}`)),
  ).toEqual([]);
});
