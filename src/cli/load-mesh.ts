/** Which mesh a command is about. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { IsthmusError, messageOf } from '../errors/index.ts';
import { defaultMesh, type Mesh, type Problem, parseMesh } from '../spec/index.ts';
import type { CommandContext } from './context.ts';

export class InvalidMeshFile extends IsthmusError {
  readonly problems: Problem[];

  constructor(file: string, problems: Problem[]) {
    super({
      code: 'spec.invalid',
      fault: 'user',
      what: `${file} has ${problems.length} mistake${problems.length === 1 ? '' : 's'}`,
      where: file,
    });
    this.problems = problems;
  }
}

export interface LoadedMesh {
  mesh: Mesh;
  /** For people: the file's name, or what was taken in its place. */
  source: string;
}

/**
 * The file of -f; else ./mesh.yaml; else the built-in mesh.
 * @throws InvalidMeshFile with every mistake; IsthmusError `spec.unreadable`.
 */
export async function loadMesh(context: Pick<CommandContext, 'cwd' | 'file'>): Promise<LoadedMesh> {
  const path = resolve(context.cwd, context.file ?? 'mesh.yaml');
  if (context.file === undefined && !existsSync(path)) return { mesh: defaultMesh(), source: 'the built-in mesh' };
  const shown = shownPath(context.cwd, path);
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new IsthmusError({
      code: 'spec.unreadable',
      fault: 'user',
      what: 'the mesh file cannot be read',
      where: shown,
      why: messageOf(cause),
      fix: 'name another file with -f, or have one written: isthmus init',
    });
  });
  const result = parseMesh(text, path);
  if ('problems' in result)
    throw new InvalidMeshFile(
      shown,
      result.problems.map((problem) => ({ ...problem, file: shown })),
    );
  return { mesh: result.mesh, source: shown };
}

/**
 * The mesh that the last `up` made, for commands that look at it from any folder; a file that is named with -f goes before it.
 * Undefined when none was made.
 */
export async function loadStandingMesh(
  context: Pick<CommandContext, 'cwd' | 'file' | 'home'>,
): Promise<Mesh | undefined> {
  if (context.file !== undefined) return (await loadMesh(context)).mesh;
  return readRecord(context.home);
}

/** What the last `up` has recorded. @throws IsthmusError `cli.state` for a record that cannot be read. */
export async function readRecord(home: string): Promise<Mesh | undefined> {
  const path = recordPath(home);
  try {
    return JSON.parse(await readFile(path, 'utf8'), (_key, value) => value ?? undefined);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new IsthmusError({
      code: 'cli.state',
      what: 'the record of the last `up` cannot be read',
      where: path,
      why: messageOf(error),
      fix: 'run `isthmus up` again, which writes it anew',
    });
  }
}

/** @throws IsthmusError `providers.not-running` when there is none. */
export async function requireStandingMesh(context: Pick<CommandContext, 'cwd' | 'file' | 'home'>): Promise<Mesh> {
  const mesh = await loadStandingMesh(context);
  if (mesh) return mesh;
  throw new IsthmusError({
    code: 'providers.not-running',
    fault: 'user',
    what: 'there is no mesh',
    where: context.home,
    fix: 'make one: isthmus up',
  });
}

export function recordPath(home: string): string {
  return join(home, 'mesh.json');
}

function shownPath(cwd: string, path: string): string {
  const short = relative(cwd, path);
  return short.startsWith('..') ? path : short;
}
