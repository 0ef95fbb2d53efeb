/** Custom resources: their definitions, defaults, pruning, validation, columns, subresources. */
import { create } from '../create.ts';
import type { Scenario } from '../exchange.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const things = '/apis/example.com/v1/namespaces/default/things';
const definition = (change: (spec: any) => void = () => {}, name = 'things.example.com') => {
  const spec = {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing', shortNames: ['th'], categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Mode', type: 'string', jsonPath: '.spec.mode', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                'x-kubernetes-validations': [
                  { rule: "self.size < 9 || self.mode == 'B'", message: 'a large one is of mode B' },
                  {
                    rule: 'self.size >= oldSelf.size',
                    message: 'may not shrink',
                    reason: 'FieldValueForbidden',
                    fieldPath: '.size',
                  },
                ],
                properties: {
                  size: { type: 'integer', minimum: 1, maximum: 10 },
                  mode: { type: 'string', enum: ['A', 'B'], default: 'A' },
                  name: { type: 'string', pattern: '^[a-z]+$', minLength: 2, maxLength: 5 },
                  list: { type: 'array', maxItems: 2, items: { type: 'string' } },
                  set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
                  map: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['key'],
                    items: {
                      type: 'object',
                      required: ['key'],
                      properties: { key: { type: 'string' }, value: { type: 'string', default: 'none' } },
                    },
                  },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  port: { 'x-kubernetes-int-or-string': true },
                  either: {
                    type: 'object',
                    properties: { a: { type: 'string' }, b: { type: 'string' } },
                    oneOf: [{ required: ['a'] }, { required: ['b'] }],
                  },
                  when: { type: 'string', format: 'date-time' },
                  nullable: { type: 'string', nullable: true },
                  labels: { type: 'object', additionalProperties: { type: 'string' } },
                },
              },
              status: { type: 'object', properties: { size: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  };
  change(spec);
  return { metadata: { name }, spec };
};
const thing = (name: string, spec: object, more: object = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Thing',
  metadata: { name },
  spec,
  ...more,
});

export const definitionsAndResources: Scenario = {
  name: 'custom resources',
  steps: [
    create('define', definitions, definition()),
    create(
      'with a rule that is none',
      definitions,
      definition((spec) => {
        spec.versions[0].schema.openAPIV3Schema['x-kubernetes-validations'] = [{ rule: 'self.nothing >' }];
        spec.names = { plural: 'as', kind: 'A' };
      }, 'as.example.com'),
    ),
    create('define again', definitions, definition()),
    create('another name than the definition has', definitions, definition(undefined, 'other.example.com')),
    create(
      'without a schema',
      definitions,
      definition((spec) => {
        delete spec.versions[0].schema;
        spec.names.plural = 'as';
        spec.names.kind = 'A';
      }, 'as.example.com'),
    ),
    create(
      'without a structural schema',
      definitions,
      definition((spec) => {
        spec.versions[0].schema.openAPIV3Schema = { properties: { a: {} } };
        spec.names.plural = 'as';
        spec.names.kind = 'A';
      }, 'as.example.com'),
    ),
    create(
      'without a stored version',
      definitions,
      definition((spec) => {
        spec.versions[0].storage = false;
        spec.names.plural = 'as';
        spec.names.kind = 'A';
      }, 'as.example.com'),
    ),
    {
      name: 'settled',
      method: 'GET',
      path: `${definitions}/things.example.com`,
      waitFor: (body: any) =>
        body.status?.conditions?.some((one: any) => one.type === 'Established' && one.status === 'True'),
    },
    { name: 'discovery', method: 'GET', path: '/apis/example.com/v1' },
    { name: 'group', method: 'GET', path: '/apis/example.com' },
    create(
      'create',
      things,
      thing(
        'one',
        {
          size: 1,
          unknown: true,
          map: [{ key: 'a' }],
          free: { any: [1] },
          port: 'http',
          labels: { a: 'b' },
          nullable: null,
        },
        { status: { size: 5 } },
      ),
    ),
    create('strict', `${things}?fieldValidation=Strict`, thing('bad', { size: 1, unknown: true })),
    create('without spec', things, { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'bad' } }),
    create('against a rule', things, thing('bad', { size: 9 })),
    create('as the rule wants it', things, thing('large', { size: 9, mode: 'B' })),
    {
      name: 'against a rule for changes',
      method: 'PATCH',
      path: `${things}/large`,
      contentType: 'application/merge-patch+json',
      body: { spec: { size: 8 } },
    },
    create('too large', things, thing('bad', { size: 11 })),
    create('of another type', things, thing('bad', { size: 'x' })),
    create('not of the list', things, thing('bad', { size: 1, mode: 'C' })),
    create('against the pattern', things, thing('bad', { size: 1, name: 'A' })),
    create('too long', things, thing('bad', { size: 1, name: 'abcdefg' })),
    create('too many', things, thing('bad', { size: 1, list: ['a', 'b', 'c'] })),
    create('twice in a set', things, thing('bad', { size: 1, set: ['a', 'a'] })),
    create('a key twice', things, thing('bad', { size: 1, map: [{ key: 'a' }, { key: 'a' }] })),
    create('both', things, thing('bad', { size: 1, either: { a: '1', b: '2' } })),
    create('no time', things, thing('bad', { size: 1, when: 'today' })),
    create('no port', things, thing('bad', { size: 1, port: 1.5 })),
    create('labels of wrong type', things, thing('bad', { size: 1, labels: { a: 1 } })),
    create('many faults', things, thing('bad', { size: 0, mode: 'C', list: [1] })),
    {
      name: 'status',
      method: 'PATCH',
      path: `${things}/one/status`,
      contentType: 'application/merge-patch+json',
      body: { status: { size: 3 }, spec: { size: 9 } },
    },
    { name: 'scale', method: 'GET', path: `${things}/one/scale` },
    {
      name: 'scale up',
      method: 'PATCH',
      path: `${things}/one/scale`,
      contentType: 'application/merge-patch+json',
      body: { spec: { replicas: 4 } },
    },
    { name: 'read', method: 'GET', path: `${things}/one` },
    {
      name: 'a strategic patch',
      method: 'PATCH',
      path: `${things}/one`,
      contentType: 'application/strategic-merge-patch+json',
      body: { spec: { size: 2 } },
    },
    {
      name: 'apply',
      method: 'PATCH',
      path: `${things}/one?fieldManager=a`,
      contentType: 'application/apply-patch+yaml',
      body: thing('one', { size: 4, map: [{ key: 'b', value: 'x' }], set: ['x'] }),
    },
    {
      name: 'apply by another',
      method: 'PATCH',
      path: `${things}/one?fieldManager=b`,
      contentType: 'application/apply-patch+yaml',
      body: thing('one', { size: 4, map: [{ key: 'c' }], set: ['y'] }),
    },
    {
      name: 'a conflict',
      method: 'PATCH',
      path: `${things}/one?fieldManager=c`,
      contentType: 'application/apply-patch+yaml',
      body: thing('one', { size: 7, map: [{ key: 'b', value: 'z' }] }),
    },
    { name: 'a table', method: 'GET', path: things, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    {
      name: 'metadata only',
      method: 'GET',
      path: `${things}/one`,
      accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    },
    { name: 'list', method: 'GET', path: '/apis/example.com/v1/things?limit=1' },
    { name: 'delete all', method: 'DELETE', path: things },
    { name: 'remove', method: 'DELETE', path: `${definitions}/things.example.com` },
  ],
};
