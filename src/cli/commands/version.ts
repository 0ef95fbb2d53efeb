import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { printStructured } from '../render/structured.ts';

export const version: CommandSpec = {
  name: 'version',
  summary: 'print the version of Isthmus and of what it runs with',
  formats: true,
  async run(context) {
    const versions = {
      isthmus: await isthmusVersion(),
      node: process.versions.node,
      platform: `${process.platform}/${process.arch}`,
    };
    if (!(await printStructured(context, versions)))
      context.out.write(`isthmus ${versions.isthmus}, Node.js ${versions.node}, ${versions.platform}\n`);
    return exitCodes.ok;
  },
};

export async function isthmusVersion(): Promise<string> {
  return JSON.parse(await readFile(join(import.meta.dirname, '../../../package.json'), 'utf8')).version;
}
