/** What every command is given: where it writes, where the state is, and how it is told to stop. No command looks at `process` itself. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ExitCode } from './exit-codes.ts';

export type OutputFormat = 'table' | 'json' | 'yaml';

export interface OutputStream {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
}

export interface CommandContext {
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Results. */
  out: OutputStream;
  /** Progress and errors. */
  err: OutputStream;
  signal: AbortSignal;
  /** Where a question is answered; undefined where nobody can be asked. */
  input?: (NodeJS.ReadableStream & { isTTY?: boolean }) | undefined;
  /** The state folder, absolute. */
  home: string;
  /** As given by -f. */
  file: string | undefined;
  output: OutputFormat;
  /** What a mistake in the mesh file ends with, where the command gives 2 another meaning. */
  badInput?: ExitCode;
  quiet: boolean;
  verbose: boolean;
}

/** $ISTHMUS_HOME, or the XDG state folder's isthmus/. */
export function stateFolder(env: NodeJS.ProcessEnv, cwd: string, given?: string): string {
  const chosen = given ?? env['ISTHMUS_HOME'];
  if (chosen) return resolve(cwd, chosen);
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local/state'), 'isthmus');
}
