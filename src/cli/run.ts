/** From arguments to an exit code: runs the command and renders whatever it throws, once. */
import { CommanderError } from 'commander';
import type { CommandContext } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { runProgram, type Surroundings } from './program.ts';
import { asTyped } from './render/as-typed.ts';

export async function runCommandLine(args: string[], surroundings: Surroundings): Promise<ExitCode> {
  let context: CommandContext | undefined;
  try {
    return await runProgram(args, surroundings, (known) => {
      context = known;
    });
  } catch (error) {
    // Commander has written its own message already, but for the checks of ours.
    if (error instanceof CommanderError) {
      if (error.code === 'isthmus.format') surroundings.err.write(`${error.message}\n`);
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
    }
    if (surroundings.signal.aborted) return tellInterrupted(args, surroundings);
    return tellError(error, context, surroundings);
  }
}

async function tellError(
  error: unknown,
  context: CommandContext | undefined,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const [{ renderError, errorObject }, { styleFor }, { IsthmusError }] = await Promise.all([
    import('./render/error.ts'),
    import('./render/style.ts'),
    import('../errors/index.ts'),
  ]);
  if (context?.output === 'json') surroundings.out.write(`${JSON.stringify(errorObject(error), null, 2)}\n`);
  else
    surroundings.err.write(
      asTyped(
        `${renderError(error, styleFor(surroundings.err, surroundings.env), context?.verbose ?? false)}\n`,
        surroundings.env,
      ),
    );
  const badInput = error instanceof IsthmusError && error.fault === 'user' && /^(spec|cli)\./.test(error.code);
  return badInput ? (context?.badInput ?? exitCodes.badInput) : exitCodes.failed;
}

function tellInterrupted(args: string[], { err, env }: Surroundings): ExitCode {
  const kept = 'Interrupted. What stands is kept.\n  go on:     isthmus up\n  take down: isthmus down\n';
  err.write(args.includes('up') ? asTyped(kept, env) : 'Interrupted.\n');
  return exitCodes.interrupted;
}
