/**
 * Which processes belong to a world, read from /proc. The command line of a world's first process names the state folder, so no file
 * with process IDs can be lost, stale, or not yet written.
 */
import { readdir, readFile } from 'node:fs/promises';

export interface ProcessFacts {
  pid: number;
  parent: number;
  /** Arguments, the program first. */
  argv: string[];
}

/** A line of the process table for each process that can be read. */
export async function readProcesses(): Promise<ProcessFacts[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = await Promise.all(
    pids.map(async (pid): Promise<ProcessFacts | undefined> => {
      try {
        const [stat, commandLine] = await Promise.all([
          readFile(`/proc/${pid}/stat`, 'utf8'),
          readFile(`/proc/${pid}/cmdline`, 'utf8'),
        ]);
        // The name in parentheses may hold spaces and parentheses: fields are counted from its end.
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return { pid, parent, argv: commandLine.split('\0').slice(0, -1) };
      } catch {
        return undefined; // it ended meanwhile, or belongs to somebody else
      }
    }),
  );
  return all.filter((entry) => entry !== undefined);
}

/** The argument by which a world's processes are known. */
export const worldMark = (home: string): string => `--isthmus-home=${home}`;

/** The outermost processes of the world of a state folder: the one that unshared, or what an interrupted start left of it. */
export async function findWorldRoots(home: string): Promise<ProcessFacts[]> {
  const all = await readProcesses();
  const marked = new Set(all.filter((entry) => entry.argv.includes(worldMark(home))).map((entry) => entry.pid));
  return all.filter((entry) => marked.has(entry.pid) && !marked.has(entry.parent) && entry.pid !== process.pid);
}

/** A process and all below it, the outermost first. */
export async function withDescendants(root: number): Promise<ProcessFacts[]> {
  const all = await readProcesses();
  const found = all.filter((entry) => entry.pid === root);
  for (const parent of found) found.push(...all.filter((entry) => entry.parent === parent.pid));
  return found;
}

/** Memory that a process has to itself plus its share of what it shares, in bytes; undefined when it cannot be read. */
export async function proportionalSetSize(pid: number): Promise<number | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(text)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
