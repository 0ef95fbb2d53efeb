/** Ends a world by its first processes: the kernel ends everything else with them. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { IsthmusError } from '../../errors/index.ts';
import { findWorldRoots, type ProcessFacts, withDescendants } from './processes.ts';

export interface StoppedWorld {
  /** Processes that were running, all inside the world. */
  processes: number;
}

const killWithinMs = 5_000;

/**
 * Ends every process of the world of a state folder; the folder stays.
 * @throws IsthmusError `world.stop` when processes outlive SIGKILL (they hang in the kernel).
 */
export async function stopWorld(home: string): Promise<StoppedWorld> {
  const roots = await findWorldRoots(home);
  if (roots.length === 0) return { processes: 0 };
  const all = (await Promise.all(roots.map((root) => withDescendants(root.pid)))).flat();
  await endProcesses(home, all);
  return { processes: all.length };
}

/**
 * Nothing has to be asked: what is acknowledged is on disk, and the kernel takes the namespaces with their last process.
 * @param all those that end with them, which are waited for too
 */
export async function endProcesses(home: string, some: ProcessFacts[], all = some): Promise<void> {
  const gone = async (deadline: number): Promise<boolean> => {
    while (Date.now() < deadline) {
      if (all.every(({ pid }) => !isAlive(pid))) return true;
      await pause(10);
    }
    return false;
  };
  for (const { pid } of some) signalTo(pid, 'SIGKILL');
  if (!(await gone(Date.now() + killWithinMs))) {
    const left = all.filter(({ pid }) => isAlive(pid)).map(({ pid }) => pid);
    throw new IsthmusError({
      code: 'world.stop',
      what: 'processes do not end',
      where: home,
      why: `still there: ${left.join(', ')}`,
    });
  }
}

/** Removes the state folder of a world that has been stopped. */
export async function removeWorld(home: string): Promise<void> {
  for (const name of ['clusters', 'world.json', 'world-config.json', 'world.log', 'kubeconfig'])
    await rm(join(home, name), { recursive: true, force: true });
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {} // it has ended
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
