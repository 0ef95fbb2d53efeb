/** What a machine holds that a mesh could leave behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { tryRun } from '../../src/process/index.ts';

export interface HostState {
  processes: string[];
  interfaces: string[];
  namespaces: string[];
  mounts: string[];
}

/** State folders of tests; a world of somebody else may come and go meanwhile. */
const ofTests = /--isthmus-home=\S*\/(isthmus-(test|e2e)-[^/\s]+|home\/isthmus-[^/\s]+\/)/;

/** Processes are those that a world is made of, also without one; all others come and go on their own. */
export async function hostState(): Promise<HostState> {
  const lines = async (command: string, args: string[]) =>
    (await tryRun(command, args)).stdout.trim().split('\n').filter(Boolean);
  return {
    processes: ownProcesses(),
    interfaces: (await lines('ip', ['-o', 'link'])).map((line) => line.split(': ')[1] ?? line),
    namespaces: await lines('ip', ['netns', 'list']),
    mounts: readFileSync('/proc/self/mounts', 'utf8').trim().split('\n'),
  };
}

interface Process {
  parent: number;
  line: string;
}

function ownProcesses(): string[] {
  const all = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), read(pid)]),
  );
  const isForeign = (pid: number): boolean => {
    for (let one = all.get(pid); one; one = all.get(one.parent))
      if (one.line.includes('--isthmus-home=')) return !ofTests.test(one.line);
    return false;
  };
  return [...all]
    .filter(([pid]) => pid !== process.pid)
    .filter(
      ([pid, { line }]) =>
        /^(\S*\/)?(envoy|prometheus|unshare) |src\/embedded\/|isthmus-home=/.test(line) && !isForeign(pid),
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
