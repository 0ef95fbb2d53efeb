/** Writes src/console/server/generated/api-schemas.json: JSON Schemas of the types with which the console's API answers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGenerator } from 'ts-json-schema-generator';
import { routesOf } from '../src/console/server/routes.ts';

const root = join(import.meta.dirname, '..');

/** As JSON with a line an element, so that a change of a type is a change of few lines. @throws Error where two types share a name */
export function apiSchemas(): string {
  const generator = createGenerator({
    path: join(root, 'src/{console/api.ts,observe/types/*.ts,observe/explain/types.ts}'),
    tsconfig: join(root, 'tsconfig.json'),
    skipTypeCheck: true,
    expose: 'export',
    additionalProperties: false,
    sortProps: true,
  });
  // Routes are only listed: nothing of the context is used until one is asked.
  const { documented } = routesOf({ openId: {} } as never);
  const names = new Set(['ApiError', ...documented.flatMap(({ doc }) => doc.answer?.replace('[]', '') ?? [])]);
  const all: Record<string, unknown> = {};
  for (const name of names)
    for (const [key, schema] of Object.entries(generator.createSchema(name).definitions ?? {})) {
      const text = JSON.stringify(schema);
      if (key in all && JSON.stringify(all[key]) !== text) throw new Error(`two types are called ${key}`);
      all[key] = schema;
    }
  const sorted = Object.fromEntries(Object.entries(all).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  return `${JSON.stringify(sorted, undefined, 1).replaceAll('#/definitions/', '#/components/schemas/')}\n`;
}

if (import.meta.main) writeFileSync(join(root, 'src/console/server/generated/api-schemas.json'), apiSchemas());
