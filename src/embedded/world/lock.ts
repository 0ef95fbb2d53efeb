/** One command at a time works on a state folder. */
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IsthmusError } from '../../errors/index.ts';

/**
 * Takes the folder's lock; a lock whose process has ended is taken over.
 * @throws IsthmusError `world.locked` while another command holds it.
 */
export async function lockHome(home: string): Promise<AsyncDisposable> {
  const path = join(home, 'lock');
  for (let attempt = 0; ; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(String(process.pid));
      await file.close();
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 3) throw error;
      const holder = Number(await readFile(path, 'utf8').catch(() => ''));
      if (holder > 0 && isRunning(holder))
        throw new IsthmusError({
          code: 'world.locked',
          what: 'another isthmus command is at work',
          where: home,
          why: `process ${holder} holds the lock`,
          fix: `wait until it ends, or stop it: kill ${holder}`,
        });
      await rm(path, { force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
