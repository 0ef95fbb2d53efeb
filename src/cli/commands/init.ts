import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { asTyped } from '../render/as-typed.ts';

export const init: CommandSpec = {
  name: 'init',
  summary: 'write a mesh.yaml with the built-in mesh and comments',
  options: [{ flags: '--force', description: 'replace a file that is there' }],
  async run(context, _args, options) {
    const { IsthmusError, messageOf } = await import('../../errors/index.ts');
    const { renderExample } = await import('../../spec/index.ts');
    const name = context.file ?? 'mesh.yaml';
    const path = resolve(context.cwd, name);
    await writeFile(path, renderExample(), { flag: options['force'] ? 'w' : 'wx' }).catch((error) => {
      const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
      throw new IsthmusError({
        code: 'cli.init',
        fault: 'user',
        what: exists ? `${name} is already there` : `${name} cannot be written`,
        where: path,
        ...(exists ? {} : { why: messageOf(error) }),
        fix: exists ? 'replace it with --force, or write another with -f' : 'name another file with -f',
      });
    });
    context.out.write(asTyped(`${name} is written. Change it as you like, then run: isthmus up\n`, context.env));
    return exitCodes.ok;
  },
};
