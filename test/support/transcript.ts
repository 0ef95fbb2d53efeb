/**
 * Plays a transcript of command lines: each `$ command` with the output that follows it, in the order in which they must be run. A line
 * `# code N` after a command gives its exit code; what follows it was written to standard error, unless it says `on stdout`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from '../../src/process/index.ts';

export interface Transcript {
  run(command: string, args: readonly string[], options?: { input?: string }): Promise<RunResult>;
  /** What was given to the standard input of each command that got any. */
  inputs: string[];
  /** Commands that were not run. */
  left(): string[];
}

/** @param replacements texts in the file, and what stands for them in this run. */
export function playTranscript(name: string, replacements: Record<string, string> = {}): Transcript {
  let text = readFileSync(join(import.meta.dirname, '../transcripts', name), 'utf8');
  for (const [from, to] of Object.entries(replacements)) text = text.replaceAll(from, to);
  const steps = text
    .split(/^\$ /m)
    .slice(1)
    .map((block) => {
      const [command = '', ...output] = block.split('\n');
      const [, code = '0', where] = /^# code (\d+)( on stdout)?$/.exec(output[0] ?? '') ?? [];
      const lines = code === '0' ? output : output.slice(1);
      const isError = code !== '0' && where === undefined;
      return { command, code: Number(code), isError, output: lines.join('\n') };
    });
  const inputs: string[] = [];
  return {
    inputs,
    left: () => steps.map(({ command }) => command),
    async run(command, args, options) {
      const line = [command, ...args].join(' ');
      const step = steps.shift();
      if (step?.command !== line) throw new Error(`the transcript has "${step?.command}", and "${line}" was run`);
      if (options?.input !== undefined) inputs.push(options.input);
      return {
        code: step.code,
        stdout: step.isError ? '' : step.output,
        stderr: step.isError ? step.output : '',
      };
    },
  };
}
