import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crdSchema } from '../schema/index.ts';
import { compile } from './environment.ts';
import { checkRules, evaluatePolicy, hasRules, meetsConditions } from './index.ts';
import { escapeName } from './values.ts';

const value = async (expression: string, variables = {}) => (await compile(expression))(variables);

describe('an expression', () => {
  it.each([
    ['[3, 1, 2].sort() == [1, 2, 3] && [1, 2].sum() == 3 && [1, 2].isSorted()', true],
    ["'a-12-b'.find('[0-9]+') == '12' && 'a1b2'.findAll('[0-9]') == ['1', '2']", true],
    ["'aaa'.replace('a', 'b', 2)", 'bba'],
    ["'%s has %d of %.1f'.format(['x', 2, 1.25])", 'x has 2 of 1.3'],
    ["quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('500m').add(quantity('0.5')).asInteger() == 1", true],
    ["isQuantity('1.5x')", false],
    [
      "url('https://a.example:8443/x?k=v').getPort() == '8443' && url('https://a.example/x').getScheme() == 'https'",
      true,
    ],
    ["isURL('no url')", false],
    ["cidr('10.0.0.0/8').containsIP('10.2.3.4') && !cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))", true],
    ["cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && ip('127.0.0.1').isLoopback()", true],
    ['sets.contains([1, 2], [2]) && !sets.intersects([1], [2]) && sets.equivalent([1, 1], [1])', true],
    ['math.greatest(1, 3) == 3 && math.least([4, 2]) == 2', true],
    ["duration('90s') > duration('1m') && timestamp('2026-01-02T00:00:00Z') > timestamp('2026-01-01T00:00:00Z')", true],
  ])('%s is %s', async (expression, expected) => {
    expect(await value(expression)).toBe(expected);
  });

  it('knows the flags of RE2', async () => {
    expect(await value("'A.b'.matches('^(?i)[a-z.]+$') && 'B'.matches('(?i)b') && !'B'.matches('b')")).toBe(true);
    expect(await value("'a-b'.matches('^[a\\\\-b]+$')")).toBe(true);
  });

  it('asks for fields behind an index', async () => {
    const self = { matches: [{ path: { type: 'Exact' } }, {}] };
    expect(await value('has(self.matches[0].path) && !has(self.matches[1].path)', { self })).toBe(true);
    expect(await value('has(self.matches[0].path.type) && !has(self.matches[0].path.value)', { self })).toBe(true);
  });

  it('that cannot be evaluated says why', async () => {
    await expect(value('quantity("x")')).rejects.toThrow('quantities must match');
    await expect(value('1 +')).rejects.toThrow();
  });
});

it('names that are no identifiers are escaped', () => {
  expect(['a.b', 'x-y', 'namespace', 'a__b', 'ok'].map(escapeName)).toEqual([
    'a__dot__b',
    'x__dash__y',
    '__namespace__',
    'a__underscores__b',
    'ok',
  ]);
});

describe('rules of a definition', () => {
  const schema = crdSchema({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        'x-kubernetes-validations': [
          { rule: 'self.min <= self.max', message: 'min is more than max', fieldPath: '.min' },
          { rule: 'self.size == oldSelf.size', message: 'size is immutable' },
          {
            rule: '!has(self.note) || self.note != "bad"',
            messageExpression: '"not " + self.note',
            reason: 'FieldValueForbidden',
          },
        ],
        properties: {
          min: { type: 'integer' },
          max: { type: 'integer' },
          size: { type: 'integer' },
          note: { type: 'string' },
          waits: {
            type: 'array',
            items: { type: 'string', 'x-kubernetes-validations': [{ rule: "duration(self) >= duration('1ms')" }] },
          },
          ports: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
            items: {
              type: 'object',
              'x-kubernetes-validations': [{ rule: 'self.port >= oldSelf.port', message: 'ports only grow' }],
              properties: { name: { type: 'string' }, port: { type: 'integer' } },
            },
          },
        },
      },
    },
  });
  const check = (spec: object, old?: object) => checkRules({ spec }, old && { spec: old }, schema);

  it('accept what fits, and say by field what does not', async () => {
    expect(await check({ min: 1, max: 2, size: 1 })).toEqual([]);
    expect(await check({ min: 3, max: 2, size: 1 })).toMatchObject([
      { reason: 'FieldValueInvalid', field: 'spec.min', message: 'Invalid value: "object": min is more than max' },
    ]);
    expect(await check({ min: 1, max: 2, note: 'bad' })).toMatchObject([
      { reason: 'FieldValueForbidden', field: 'spec', message: 'Forbidden: not bad' },
    ]);
    expect(await check({ min: 1, max: 2, waits: ['1s', '0s'] })).toMatchObject([{ field: 'spec.waits[1]' }]);
  });

  it('about the old value are for updates, and find items by their keys', async () => {
    expect(await check({ min: 1, max: 2, size: 2 }, { min: 1, max: 2, size: 1 })).toMatchObject([
      { message: 'Invalid value: "object": size is immutable' },
    ]);
    const ports = (a: number, b: number) => ({
      min: 1,
      max: 2,
      size: 1,
      ports: [
        { name: 'a', port: a },
        { name: 'b', port: b },
      ],
    });
    expect(await check({ ...ports(1, 5), ports: [{ name: 'b', port: 4 }] }, ports(1, 5))).toMatchObject([
      { field: 'spec.ports[0]', message: 'Invalid value: "object": ports only grow' },
    ]);
    expect(await check(ports(2, 6), ports(1, 5))).toEqual([]);
  });

  it('that fail are told as such', async () => {
    expect((await check({ max: 2 }))[0]?.message).toContain('rule evaluation error: No such key: min');
  });

  it('of Istio and of the Gateway API are all read, and hold for what they accept', async () => {
    const folder = new URL('../../../mesh/generated/', import.meta.url);
    const files = readdirSync(folder).filter((name) => name.includes('crd'));
    const definitions: any[] = files.flatMap((file) =>
      JSON.parse(gunzipSync(readFileSync(new URL(file, folder))).toString('utf8')),
    );
    const rules = new Set<string>();
    JSON.stringify(definitions, (key, child) => {
      if (key === 'x-kubernetes-validations') for (const { rule } of child) rules.add(rule);
      return child;
    });
    expect(rules.size).toBeGreaterThan(20);
    for (const rule of rules) await compile(rule);
    const entry = definitions.find((one) => one.spec.names.kind === 'ServiceEntry').spec.versions[0].schema
      .openAPIV3Schema;
    expect(hasRules(entry)).toBe(true);
    const hosts = ['a.example'];
    expect(
      await checkRules(
        { spec: { hosts, resolution: 'STATIC', addresses: ['10.0.0.0/8'] } },
        undefined,
        crdSchema(entry),
      ),
    ).toEqual([]);
    expect(
      await checkRules({ spec: { hosts, resolution: 'DNS', addresses: ['10.0.0.0/8'] } }, undefined, crdSchema(entry)),
    ).toMatchObject([
      { field: 'spec', message: expect.stringContaining('CIDR addresses are allowed only for NONE/STATIC') },
    ]);
    const route = definitions.find((one) => one.spec.names.kind === 'HTTPRoute').spec.versions[0].schema
      .openAPIV3Schema;
    const rewrite = { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } };
    const rule = (type: string) => ({
      spec: {
        rules: [{ matches: [{ path: { type, value: '/a' } }], filters: [{ type: 'URLRewrite', urlRewrite: rewrite }] }],
      },
    });
    expect(await checkRules(rule('PathPrefix'), undefined, crdSchema(route))).toEqual([]);
    expect(await checkRules(rule('Exact'), undefined, crdSchema(route))).toMatchObject([{ field: 'spec.rules[0]' }]);
  });
});

describe('conditions and policies', () => {
  const given = {
    object: { metadata: { name: 'x', labels: { team: 'a' } }, spec: { replicas: 7 } },
    oldObject: undefined,
    request: { operation: 'CREATE', userInfo: { username: 'jane', groups: ['dev'] } },
  };
  it('one that is false decides, one that fails counts otherwise', async () => {
    const failing = { name: 'broken', expression: 'object.nothing == 1' };
    expect(await meetsConditions([{ name: 'a', expression: "'dev' in request.userInfo.groups" }], given)).toBe(true);
    expect(await meetsConditions([failing, { name: 'b', expression: 'oldObject != null' }], given)).toBe(false);
    await expect(meetsConditions([failing], given)).rejects.toThrow('matchCondition "broken": No such key: nothing');
  });

  it('a policy finds what its validations say, with variables and parameters', async () => {
    const spec = {
      variables: [
        { name: 'wanted', expression: 'object.spec.replicas' },
        { name: 'most', expression: 'params.data.most' },
        { name: 'excess', expression: 'variables.wanted - int(variables.most)' },
      ],
      validations: [
        {
          expression: 'variables.excess <= 0',
          messageExpression: "'too many by ' + string(variables.excess)",
          reason: 'Forbidden',
        },
        { expression: "namespaceObject.metadata.name == 'n'" },
      ],
    };
    const more = { params: { metadata: {}, data: { most: '5' } }, namespaceObject: { metadata: { name: 'n' } } };
    expect(await evaluatePolicy(spec, { ...given, ...more })).toEqual([
      { message: 'too many by 2', reason: 'Forbidden' },
    ]);
    const wrong = { validations: [{ expression: 'object.spec.missing > 1' }] };
    expect(await evaluatePolicy(wrong, { ...given, ...more })).toMatchObject([
      { message: expect.stringContaining('No such key') },
    ]);
    expect(await evaluatePolicy({ ...wrong, failurePolicy: 'Ignore' }, { ...given, ...more })).toEqual([]);
  });
});
