import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IsthmusError, messageOf } from '../errors/index.ts';
import type { CommandContext } from './context.ts';

/** The text of the mesh file, to be changed. @throws IsthmusError `cli.no-file` where the built-in mesh is used. */
export async function readMeshFile(context: CommandContext): Promise<{ path: string; text: string }> {
  const path = resolve(context.cwd, context.file ?? 'mesh.yaml');
  const text = await readFile(path, 'utf8').catch((error) => {
    throw new IsthmusError({
      code: 'cli.no-file',
      fault: 'user',
      what: 'there is no mesh file to change',
      where: path,
      why: messageOf(error),
      fix: 'have one written: isthmus init; or name one with -f',
    });
  });
  return { path, text };
}
