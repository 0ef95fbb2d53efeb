/** What a machine holds that a mesh could leave behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { tryRun } from '../../src/process/index.ts';

export interface HostState {
  processes: string[];
  interfaces: string[];
  namespaces: string[];
  mounts: string[];
}

/**
 * Processes are those that a world is made of, also without one; all others come and go on their own, as do those of worlds of other state
 * folders than those below the given one.
 */
export async function hostState(home: string): Promise<HostState> {
  const lines = async (command: string, args: string[]) =>
    (await tryRun(command, args)).stdout.trim().split('\n').filter(Boolean);
  return {
    processes: ownProcesses(home),
    interfaces: (await lines('ip', ['-o', 'link'])).map((line) => line.split(': ')[1] ?? line),
    namespaces: await lines('ip', ['netns', 'list']),
    mounts: readFileSync('/proc/self/mounts', 'utf8').trim().split('\n'),
  };
}

interface Process {
  parent: number;
  line: string;
}

function ownProcesses(home: string): string[] {
  const all = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), read(pid)]),
  );
  const isForeign = (pid: number): boolean => {
    // Consoles are no part of a world; they too name the state folder that they are for.
    const line = all.get(pid)?.line ?? '';
    if (/main\.ts console/.test(line)) return !line.includes(`--home ${home}`);
    for (let one = all.get(pid); one; one = all.get(one.parent))
      if (one.line.includes('--isthmus-home=')) return !one.line.includes(`--isthmus-home=${home}`);
    return false;
  };
  return [...all]
    .filter(([pid]) => pid !== process.pid)
    .filter(
      ([pid, { line }]) =>
        /^(\S*\/)?(envoy|prometheus|unshare) |src\/embedded\/|isthmus-home=|main\.ts console/.test(line) &&
        !isForeign(pid),
    )
    .map(([, { line }]) => line);
}

function read(pid: string): Process {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { parent: Number(parent ?? 0), line };
  } catch {
    return { parent: 0, line: '' };
  }
}
