import { expect, it } from 'vitest';
import { problemsOf } from '../validation.ts';

const problems = (kind: string, spec: object): string[] => problemsOf({ kind, metadata: { name: 'x' }, spec });

it.each([
  [{ rules: [{ from: [{ source: {} }] }] }, /from\[0\]\.source: must not be empty/],
  [{ rules: [{ to: [] }] }, /rules\[0\]\.to: must not be empty/],
  [{ rules: [null] }, /rules\[0\]: must not be null/],
  [{ rules: [{ to: [{ operation: { ports: ['x'] } }] }] }, /operation\.ports: invalid port x/],
  [{ rules: [{ from: [{ source: { ipBlocks: ['a.b'] } }] }] }, /ipBlocks: a\.b is no address/],
  [{ rules: [{ when: [{ key: 'source.nothing', values: ['x'] }] }] }, /unknown attribute source\.nothing/],
  [{ rules: [{ when: [{ key: 'request.headers', values: ['x'] }] }] }, /request\.headers\[NAME\] is expected/],
  [{ rules: [{ when: [{ key: 'source.ip' }] }] }, /at least one of values and notValues/],
  [{ rules: [{ to: [{ operation: { paths: ['/a{*}'] } }] }] }, /paths: \/a\{\*\} is no template of a path/],
  [{ rules: [{ to: [{ operation: { paths: ['/{**}/{*}'] } }] }] }, /is no template of a path/],
  [{ action: 'DENY' }, /DENY without rules is meaningless/],
  [{ action: 'CUSTOM', rules: [{}] }, /provider\.name: must not be empty/],
  [{ rules: [{}], provider: { name: 'x' } }, /spec\.provider: must not be with action ALLOW/],
  [
    { action: 'CUSTOM', provider: { name: 'x' }, rules: [{ from: [{ source: { principals: ['x'] } }] }] },
    /principals is not supported with action CUSTOM/,
  ],
  [{ selector: {}, targetRefs: [{ name: 'x' }] }, /only one of selector/],
])('an AuthorizationPolicy %j is wrong', (spec, expected) => {
  expect(problems('AuthorizationPolicy', spec).join('\n')).toMatch(expected);
});

it.each([
  [{ jwtRules: [{}] }, /issuer or jwksUri/],
  [{ jwtRules: [{ issuer: 'x', jwks: 'no' }] }, /jwks: is no set of keys/],
  [{ jwtRules: [{ issuer: 'x', jwksUri: 'ftp://x' }] }, /jwksUri: must be an address/],
  [{ jwtRules: [{ issuer: 'x', outputClaimToHeaders: [{ claim: 'c', header: 'a b' }] }] }, /outputClaimToHeaders/],
])('a RequestAuthentication %j is wrong', (spec, expected) => {
  expect(problems('RequestAuthentication', spec).join('\n')).toMatch(expected);
});

it.each([
  [{ patch: { operation: 'ADD' } }, /applyTo: must be set/],
  [{ applyTo: 'CLUSTER' }, /patch: must be set/],
  [{ applyTo: 'CLUSTER', patch: { operation: 'ADD' } }, /value: must be set for ADD/],
  [{ applyTo: 'CLUSTER', match: { listener: {} }, patch: { operation: 'REMOVE' } }, /listener says nothing of CLUSTER/],
  [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { connect_timeout: {} } } }, /value: is no Cluster/],
])('an EnvoyFilter with %j is wrong', (patch, expected) => {
  expect(problems('EnvoyFilter', { configPatches: [patch] }).join('\n')).toMatch(expected);
});

it.each([
  [
    { accessLogging: [{ filter: { expression: 'response.code >>= 400' } }] },
    /accessLogging\[0\]\.filter\.expression: Unexpected/,
  ],
  [{ metrics: [{ overrides: [{ tagOverrides: { x: { value: 'a ++ (' } } }] }] }, /tagOverrides\.x\.value: Unexpected/],
  [{ metrics: [{ overrides: [{ tagOverrides: { x: {} } }] }] }, /tagOverrides\.x\.value: must be set/],
])('a Telemetry %j is wrong', (spec, expected) => {
  expect(problems('Telemetry', spec).join('\n')).toMatch(expected);
});

it('accepts what Istio accepts', () => {
  const rule = {
    from: [{ source: { principals: ['*'], notNamespaces: ['a'] } }],
    to: [{ operation: { paths: ['/a/{*}'], ports: ['80'] } }],
    when: [{ key: 'request.auth.claims[a][b]', notValues: ['x'] }],
  };
  expect(problems('AuthorizationPolicy', { rules: [rule, {}] })).toEqual([]);
  expect(problems('AuthorizationPolicy', {})).toEqual([]);
  expect(problems('RequestAuthentication', { jwtRules: [{ issuer: 'x', jwksUri: 'https://x/keys' }] })).toEqual([]);
  const expression = "'x' in request.headers && response.code >= 400";
  expect(problems('Telemetry', { accessLogging: [{ filter: { expression } }] })).toEqual([]);
  const unknown = { name: 'x', typed_config: { '@type': 'type.googleapis.com/some.Unknown', a: 1 } };
  const patch = { applyTo: 'HTTP_FILTER', patch: { operation: 'INSERT_FIRST', value: unknown } };
  expect(problems('EnvoyFilter', { configPatches: [patch] })).toEqual([]);
});
