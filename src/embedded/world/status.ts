/** What runs of a world, and what memory it takes. */
import { basename, join } from 'node:path';
import { findWorldRoots, proportionalSetSize, withDescendants } from './processes.ts';
import { readRecord } from './start.ts';

export interface WorldStatus {
  running: boolean;
  clusters: { name: string; nodeAddress: string; hostPort: number; podRange: string; serviceRange: string }[];
  processes: number;
  /** Bytes, by kind of process, the largest first. Shared memory is counted by share (PSS). */
  memory: { name: string; processes: number; bytes: number }[];
  totalBytes: number;
}

export async function worldStatus(home: string): Promise<WorldStatus> {
  const [record, roots] = await Promise.all([readRecord(join(home, 'world.json')), findWorldRoots(home)]);
  const all = (await Promise.all(roots.map((root) => withDescendants(root.pid)))).flat();
  const byName = new Map<string, { processes: number; bytes: number }>();
  for (const { pid, argv } of all) {
    const entry = byName.get(nameOf(argv)) ?? { processes: 0, bytes: 0 };
    entry.processes++;
    entry.bytes += (await proportionalSetSize(pid)) ?? 0;
    byName.set(nameOf(argv), entry);
  }
  const memory = [...byName].map(([name, entry]) => ({ name, ...entry })).sort((a, b) => b.bytes - a.bytes);
  return {
    running: roots.length > 0,
    clusters: (record?.config.clusters ?? []).map((cluster) => ({
      ...cluster,
      hostPort: record?.hostPorts[cluster.name] ?? 0,
    })),
    processes: all.length,
    memory,
    totalBytes: memory.reduce((sum, entry) => sum + entry.bytes, 0),
  };
}

/** The program, or for Node the script it runs. */
function nameOf(argv: string[]): string {
  const program = basename(argv[0] ?? '?');
  const script = program === 'node' ? argv.find((argument) => /\.(ts|js|mjs)$/.test(argument)) : undefined;
  if (!script) return program;
  const parts = script.split('/');
  return parts.at(-1) === 'main.ts' ? (parts.at(-2) ?? script) : basename(script, '.ts');
}
