import type { CommandContext } from './context.ts';
import type { ExitCode } from './exit-codes.ts';

export interface OptionSpec {
  /** As commander reads it: `-c, --container <name>`. */
  flags: string;
  description: string;
}

/** One command of the command line. Its file imports no room at load time: `isthmus --help` must not pay for what it does not use. */
export interface CommandSpec {
  name: string;
  /** As commander reads them: `<cluster>`, `[pod]`. */
  arguments?: { name: string; description: string }[];
  summary: string;
  /** More than the summary, for its own help. */
  description?: string;
  options?: OptionSpec[];
  /** Whether -o json and yaml mean something. */
  formats?: boolean;
  run(context: CommandContext, args: (string | undefined)[], options: Record<string, unknown>): Promise<ExitCode>;
}
