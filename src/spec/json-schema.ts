import { z } from 'zod';
import { meshFileSchema } from './schema.ts';

/** The JSON Schema of mesh.yaml, for editors. */
export function meshJsonSchema(): Record<string, any> {
  return {
    title: 'Isthmus mesh file',
    ...z.toJSONSchema(meshFileSchema, { io: 'input' }),
  };
}
