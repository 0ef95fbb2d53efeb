import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const askEveryMs = 200;

/**
 * Waits for the lock file, so that two runs do not fetch the same at the same time. A lock whose process has ended is taken over.
 * @param onWait is told once which process holds it
 */
export async function lockFile(
  path: string,
  onWait: (holder: number) => void,
  signal?: AbortSignal,
): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  for (let told = false; ; ) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(String(process.pid));
      await file.close();
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    if (holder > 0 && !isRunning(holder)) {
      await rm(path, { force: true });
      continue;
    }
    if (!told) onWait(holder);
    told = true;
    await pause(askEveryMs, undefined, signal ? { signal } : {});
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
