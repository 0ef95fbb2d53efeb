/** What a machine holds that a mesh could leave behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { tryRun } from '../../src/process/index.ts';

export interface HostState {
  processes: string[];
  interfaces: string[];
  namespaces: string[];
  mounts: string[];
}

/** Processes are those that a world is made of; all others come and go on their own. */
export async function hostState(): Promise<HostState> {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
      } catch {
        return '';
      }
    })
    .filter((line) => /envoy|prometheus|embedded\/|^unshare|isthmus-home=|main\.ts console/.test(line));
  const lines = async (command: string, args: string[]) =>
    (await tryRun(command, args)).stdout.trim().split('\n').filter(Boolean);
  return {
    processes,
    interfaces: (await lines('ip', ['-o', 'link'])).map((line) => line.split(': ')[1] ?? line),
    namespaces: await lines('ip', ['netns', 'list']),
    mounts: readFileSync('/proc/self/mounts', 'utf8').trim().split('\n'),
  };
}
