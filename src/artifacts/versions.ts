/**
 * Which version a program has. Asking costs a process each time, so the answer is remembered by the file's size and time of change: a
 * start with a warm cache runs no program at all.
 */
import { open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tryRun } from '../process/index.ts';
import type { ArtifactSpec } from './catalogue.ts';

interface Remembered {
  size: number;
  modified: number;
  /** Null for a program that does not say its version. */
  version: string | null;
}

export class VersionMemory {
  readonly #path: string;
  #entries: Record<string, Remembered> = {};
  #changed = false;

  private constructor(path: string) {
    this.#path = path;
  }

  static async load(cache: string): Promise<VersionMemory> {
    const memory = new VersionMemory(join(cache, 'versions.json'));
    try {
      const read = JSON.parse(await readFile(memory.#path, 'utf8'));
      if (typeof read === 'object' && read !== null && !Array.isArray(read)) memory.#entries = read;
    } catch {} // a lost or damaged memory costs a few milliseconds and nothing else
    return memory;
  }

  /** Undefined when there is no such program, or it is a script, or it does not say its version. */
  async versionOf(spec: ArtifactSpec, path: string, libraryPath?: string): Promise<string | undefined> {
    const file = await stat(path).catch(() => undefined);
    if (!file?.isFile() || (file.mode & 0o111) === 0) return undefined;
    const known = this.#entries[path];
    if (known?.size === file.size && known.modified === file.mtimeMs) return known.version ?? undefined;
    const version = (await isProgram(path)) ? await askVersion(spec, path, libraryPath) : undefined;
    this.#entries[path] = { size: file.size, modified: file.mtimeMs, version: version ?? null };
    this.#changed = true;
    return version;
  }

  /** Two runs may save at once: the last one wins, and what is lost is asked again. */
  async save(): Promise<void> {
    if (!this.#changed) return;
    const beside = `${this.#path}.${process.pid}`;
    try {
      await writeFile(beside, `${JSON.stringify(this.#entries, null, 2)}\n`);
      await rename(beside, this.#path);
      this.#changed = false;
    } catch {} // a cache that cannot be written makes the next start slower and nothing else
  }
}

async function askVersion(spec: ArtifactSpec, path: string, libraryPath?: string): Promise<string | undefined> {
  const env = libraryPath === undefined ? process.env : { ...process.env, LD_LIBRARY_PATH: libraryPath };
  const answer = await tryRun(path, ['--version'], { env, timeoutMs: 20_000 }).catch(() => undefined);
  return spec.versionPattern.exec(`${answer?.stdout}\n${answer?.stderr}`)?.[1];
}

/** Python packages put scripts of the same name into PATH; such a script would stay in memory beside what it starts. */
async function isProgram(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (!file) return false;
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1') === '\x7fELF';
  } finally {
    await file.close();
  }
}

/** Compares numbers part by part. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [have, want] = [version, minimum].map((text) => text.split('.').map(Number));
  for (const [index, part] of want!.entries()) {
    const other = have![index] ?? 0;
    if (other !== part) return other > part;
  }
  return true;
}
