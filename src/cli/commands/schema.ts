import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const schema: CommandSpec = {
  name: 'schema',
  summary: 'print the JSON Schema of mesh.yaml, for editors',
  description:
    'Prints the JSON Schema of mesh.yaml.\n\nFor an editor with YAML support:\n  isthmus schema > mesh.schema.json\nand in the first line of mesh.yaml:\n  # yaml-language-server: $schema=mesh.schema.json',
  async run(context) {
    const { meshJsonSchema } = await import('../../spec/index.ts');
    context.out.write(`${JSON.stringify(meshJsonSchema(), null, 2)}\n`);
    return exitCodes.ok;
  },
};
