/** docs/mesh-file.md names every field of the schema, with the schema's own words, and no other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { meshJsonSchema, parseMesh } from './index.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/mesh-file.md'), 'utf8');

interface Field {
  path: string;
  required: boolean;
  description: string;
}

function fieldsOf(path: string, node: any, required: boolean): Field[] {
  const variants: any[] = node.anyOf ?? node.oneOf ?? [node];
  const own = path === '' ? [] : [{ path, required, description: node.description ?? '' }];
  return [
    ...own,
    ...variants.flatMap((one) => [
      ...Object.entries<any>(one.properties ?? {}).flatMap(([key, child]) =>
        fieldsOf(path === '' ? key : `${path}.${key}`, child, (one.required ?? []).includes(key)),
      ),
      ...(one.items?.properties ? fieldsOf(`${path}[]`, one.items, false) : []),
      ...(one.additionalProperties?.properties ? fieldsOf(`${path}.<name>`, one.additionalProperties, false) : []),
    ]),
  ];
}

const rows = [...text.matchAll(/^\| `([^`]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$/gm)].map(([, path, required, words]) => ({
  path: path!,
  required: required!.trim() === 'yes',
  description: words!.trim(),
}));

it('has a row for each field, in the order of the schema', () => {
  expect(rows).toEqual(fieldsOf('', meshJsonSchema(), true));
});

it('shows files that are read without a mistake', () => {
  const files = [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, file]) => file!);
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) expect(parseMesh(file, 'mesh.yaml', { exists: () => true })).toHaveProperty('mesh');
});
