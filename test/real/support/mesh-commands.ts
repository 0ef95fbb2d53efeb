/** Runs isthmus on a mesh file of its own, and says all that it printed when it does not do what is expected. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunResult } from '../../../src/process/index.ts';
import { isthmus } from '../../support/isthmus.ts';

export interface MeshCommands extends AsyncDisposable {
  home: string;
  /** Where mesh.yaml is. */
  folder: string;
  run(args: string[], timeoutMs?: number): Promise<RunResult>;
  /** @throws with the output when the command does not end with 0. */
  succeed(args: string[], timeoutMs?: number): Promise<string>;
}

export function meshCommands(file: string): MeshCommands {
  const home = mkdtempSync(join(tmpdir(), 'isthmus-test-'));
  const cwd = mkdtempSync(join(tmpdir(), 'isthmus-mesh-'));
  writeFileSync(join(cwd, 'mesh.yaml'), file);
  const run = (args: string[], timeoutMs = 240_000) => isthmus(args, { home, cwd, timeoutMs });
  return {
    home,
    folder: cwd,
    run,
    async succeed(args, timeoutMs) {
      const result = await run(args, timeoutMs);
      if (result.code === 0) return result.stdout;
      throw new Error(`isthmus ${args.join(' ')} ended with ${result.code}\n${result.stdout}\n${result.stderr}`);
    },
    async [Symbol.asyncDispose]() {
      if (!process.env['ISTHMUS_KEEP']) await run(['down']);
      for (const folder of [home, cwd]) rmSync(folder, { recursive: true, force: true });
    },
  };
}
