/** The command-line tools that make clusters: found, old enough, and run with an error that says what to do. */
import { IsthmusError, messageOf } from '../errors/index.ts';
import { type RunResult, tryRun } from '../process/index.ts';

/** Runs a program to its end, whatever its exit code. Tests give transcripts in its place. */
export type Runner = (
  command: string,
  args: readonly string[],
  options?: { input?: string; timeoutMs?: number; signal?: AbortSignal },
) => Promise<RunResult>;

/** A command line that makes or changes a cluster, as it is run and as a plan tells it. */
export interface ToolCommand {
  /** The program first. */
  command: string[];
  why: string;
}

/** What `up` would have a tool do for a cluster. */
export interface ToolPlan {
  /** Whether the cluster is there to be asked. */
  runs: boolean;
  commands: ToolCommand[];
}

export interface ProvideOptions {
  run: Runner;
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  say: (detail: string) => void;
  /** False for commands that look only: a cluster that runs is taken as it is. */
  change?: boolean;
}

export const runProgram: Runner = (command, args, options) => tryRun(command, args, options);

const shortMs = 30_000;

/**
 * @param minimum as major.minor
 * @throws IsthmusError `providers.no-tool` or `providers.old-tool`.
 */
export async function requireTool(
  run: Runner,
  tool: { name: string; args: string[]; pattern: RegExp; minimum: string; fix: string },
): Promise<string> {
  const { name, args, pattern, minimum, fix } = tool;
  const answer = await run(name, args, { timeoutMs: shortMs }).catch((cause) => {
    throw new IsthmusError({
      code: 'providers.no-tool',
      fault: 'user',
      what: `${name} cannot be run`,
      why: messageOf(cause),
      fix,
      cause,
    });
  });
  const version = pattern.exec(answer.stdout)?.[1];
  if (answer.code !== 0 || !version)
    throw new IsthmusError({
      code: 'providers.no-tool',
      fault: 'user',
      what: `${name} ${args.join(' ')} does not say its version`,
      why: lastLines(answer),
      fix,
    });
  if (compare(version, minimum) < 0)
    throw new IsthmusError({
      code: 'providers.old-tool',
      fault: 'user',
      what: `${name} ${version} is too old`,
      why: `${minimum} or newer is needed`,
      fix,
    });
  return version;
}

/** @throws IsthmusError `providers.tool-failed` with the last lines that the tool wrote. */
export async function runTool(
  run: Runner,
  command: string,
  args: readonly string[],
  options: { what: string; cluster: string; input?: string; timeoutMs?: number; signal?: AbortSignal },
): Promise<string> {
  const { what, cluster, ...rest } = options;
  const answer = await run(command, args, { timeoutMs: shortMs, ...rest });
  options.signal?.throwIfAborted();
  if (answer.code === 0) return answer.stdout;
  throw new IsthmusError({
    code: 'providers.tool-failed',
    what,
    where: cluster,
    why: lastLines(answer),
    fix: `try it: ${[command, ...args].join(' ')}`,
  });
}

const lastLines = ({ stdout, stderr, code }: RunResult): string =>
  (stderr.trim() || stdout.trim()).split('\n').slice(-5).join('\n') || `it ended with code ${code}`;

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((one) => one.split('.').map(Number));
  for (let index = 0; index < right!.length; index++) {
    const difference = (left![index] ?? 0) - right![index]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
