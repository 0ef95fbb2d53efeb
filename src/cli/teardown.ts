/** Ends a world and removes its state, whatever condition either is in. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lockHome, removeWorld, type StoppedWorld, stopWorld } from '../embedded/world/index.ts';
import { consoleLog, stopConsole } from './console-process.ts';
import { leavingPath } from './leaving.ts';
import { recordPath } from './load-mesh.ts';
import { trustFolder } from './state.ts';

export async function stopEverything(home: string): Promise<StoppedWorld> {
  await using _lock = await lockIfThere(home);
  const hadConsole = await stopConsole(home);
  const { processes } = await stopWorld(home);
  return { processes: processes + (hadConsole ? 1 : 0) };
}

/**
 * Removes what Isthmus has put into the folder, and the folder when nothing else is in it: a folder that the user chose may hold more.
 * @returns the paths that were removed
 */
export async function removeState(home: string): Promise<string[]> {
  const before = await entries(home);
  await removeWorld(home);
  for (const path of [recordPath(home), leavingPath(home), trustFolder(home), consoleLog(home), join(home, 'lock')])
    await rm(path, { recursive: true, force: true });
  const after = await entries(home);
  if (before.length > 0 || after.length === 0) await rmdir(home).catch(() => {}); // something of the user's is in it, or it was never made
  const left = await entries(home);
  const removed = before.filter((name) => !left.includes(name)).map((name) => join(home, name));
  return left.length === 0 && removed.length > 0 ? [home] : removed;
}

async function lockIfThere(home: string): Promise<AsyncDisposable> {
  if ((await entries(home)).length > 0) return lockHome(home);
  return { [Symbol.asyncDispose]: async () => {} };
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
