/** What the command line itself keeps in the state folder. */
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IsthmusError, messageOf } from '../errors/index.ts';
import type { Mesh } from '../spec/index.ts';
import type { CommandContext } from './context.ts';
import { readRecord, recordPath } from './load-mesh.ts';

/** The mesh's root of trust and the clusters' intermediates. */
export const trustFolder = (home: string): string => join(home, 'trust');

/** Makes the state folder, for its owner only. @throws IsthmusError `cli.state` */
export async function ensureHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await chmod(home, 0o700);
  } catch (error) {
    throw new IsthmusError({
      code: 'cli.state',
      what: 'the state folder cannot be made',
      where: home,
      why: messageOf(error),
      fix: 'name another one with --home or ISTHMUS_HOME',
    });
  }
}

/** Keeps the mesh for the commands that look at it later; undefined values are null in JSON and come back as undefined. */
export async function recordMesh(home: string, mesh: Mesh): Promise<void> {
  await writePrivate(recordPath(home), `${JSON.stringify(mesh, (_key, value) => value ?? null, 2)}\n`);
}

/** Where a file was named with -f, what it says of trust is from now on that of the mesh that stands. */
export async function recordTrust({ home, file }: Pick<CommandContext, 'home' | 'file'>, mesh: Mesh): Promise<void> {
  const record = file === undefined ? undefined : await readRecord(home);
  if (record) await recordMesh(home, { ...record, trust: mesh.trust });
}

/** Written beside and renamed, so that no reader sees half of it; for the owner only. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.new`;
  await writeFile(beside, text, { mode: 0o600 });
  await rename(beside, path);
}
