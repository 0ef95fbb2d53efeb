import { describe, expect, test } from 'vitest';
import { placeOf, type Schema, schemaAt } from './schema-path.ts';

/** The place of `|` in a text. */
function place(text: string) {
  const [before = '', after = ''] = text.split('|');
  return placeOf(before, after);
}

describe('the place of the cursor', () => {
  test('at the top', () => {
    expect(place('apiVersion: v1\n|\nkind: Service\n')).toEqual({ path: [], siblings: ['apiVersion', 'kind'] });
  });

  test('in a mapping', () => {
    expect(place('spec:\n  hosts: [a]\n  |')).toEqual({ path: ['spec'], siblings: ['hosts'] });
    expect(place('spec:\n  trafficPolicy:\n    tls:\n      mo|')).toEqual({
      path: ['spec', 'trafficPolicy', 'tls'],
      siblings: [],
    });
  });

  test('in an item of a list', () => {
    expect(place('spec:\n  http:\n  - name: a\n    |').path).toEqual(['spec', 'http', '[]']);
    expect(place('spec:\n  http:\n    - name: a\n      |').path).toEqual(['spec', 'http', '[]']);
    expect(place('spec:\n  http:\n    - |').path).toEqual(['spec', 'http', '[]']);
    expect(place('spec:\n  http:\n  - |').path).toEqual(['spec', 'http', '[]']);
  });

  test('in a mapping in an item of a list', () => {
    const text =
      'spec:\n  http:\n    - match:\n        - uri:\n            prefix: /\n      route:\n        - destination:\n            |';
    expect(place(text).path).toEqual(['spec', 'http', '[]', 'route', '[]', 'destination']);
  });

  test('at a value', () => {
    expect(place('spec:\n  mtls:\n    mode: STR|')).toEqual({ path: ['spec', 'mtls'], key: 'mode', siblings: [] });
  });

  test('siblings do not come from other items', () => {
    expect(
      place('spec:\n  http:\n    - name: a\n      timeout: 1s\n    - name: b\n      |\n    - retries: {}\n').siblings,
    ).toEqual(['name']);
  });
});

test('what the schema says of a path', () => {
  const schema: Schema = {
    properties: {
      spec: {
        properties: {
          http: { items: { properties: { timeout: { type: 'string' } } } },
          labels: { additionalProperties: { type: 'string' } },
        },
      },
    },
  };
  expect(schemaAt(schema, ['spec', 'http', '[]', 'timeout'])?.type).toBe('string');
  expect(schemaAt(schema, ['spec', 'labels', 'any'])?.type).toBe('string');
  expect(schemaAt(schema, ['spec', 'none'])).toBeUndefined();
});
