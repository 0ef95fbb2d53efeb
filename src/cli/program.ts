/** The command line as commander sees it. */
import { Command, CommanderError, Option } from 'commander';
import type { CommandSpec } from './command.ts';
import { commands } from './commands/index.ts';
import { type CommandContext, type OutputFormat, stateFolder } from './context.ts';
import type { ExitCode } from './exit-codes.ts';

/** What the process gives; everything else of a context comes from the arguments. */
export type Surroundings = Pick<CommandContext, 'env' | 'cwd' | 'out' | 'err' | 'signal' | 'input'>;

/** Called with the context as soon as it is known, so that errors are rendered as the arguments wish. */
export type OnContext = (context: CommandContext) => void;

/**
 * Runs the command that the arguments name.
 * @throws CommanderError for mistakes on the command line, and for help, which is its exit code 0.
 */
export async function runProgram(args: string[], surroundings: Surroundings, onContext: OnContext): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = new Command('isthmus')
    .description('One file to a verified multicluster service mesh.')
    .usage('[options] <command>')
    .enablePositionalOptions()
    .showHelpAfterError('(isthmus --help lists commands and options)')
    .showSuggestionAfterError()
    .configureHelp({
      sortSubcommands: false,
      showGlobalOptions: true,
      subcommandTerm: (command) =>
        [
          command.name(),
          ...command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`)),
        ].join(' '),
    })
    .configureOutput({
      writeOut: (text) => surroundings.out.write(text),
      writeErr: (text) => surroundings.err.write(text),
    })
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 all is well, 1 a fact does not hold or something failed, 2 a mistake in the file or the arguments (of plan: there is something to do), 130 interrupted.',
    );
  addGlobalOptions(program);
  for (const spec of commands)
    addCommand(program, spec, async (command, commandArgs) => {
      const context = contextOf({ ...program.opts(), ...command.opts() }, surroundings);
      onContext(context);
      if (context.output !== 'table' && !spec.formats)
        throw new CommanderError(2, 'isthmus.format', `error: ${spec.name} has no -o ${context.output}`);
      exitCode = await spec.run(context, commandArgs, command.opts());
    });
  await program.parseAsync(args, { from: 'user' });
  return exitCode;
}

function addCommand(
  program: Command,
  spec: CommandSpec,
  action: (command: Command, args: (string | undefined)[]) => Promise<void>,
): void {
  const command = program
    .command(spec.name)
    .summary(spec.summary)
    .description(spec.description ?? `${sentence(spec.summary)}`);
  for (const argument of spec.arguments ?? []) command.argument(argument.name, argument.description);
  for (const option of spec.options ?? []) command.option(option.flags, option.description);
  addGlobalOptions(command);
  command.action((...parameters: unknown[]) => action(command, parameters.slice(0, -2) as (string | undefined)[]));
}

/** They stand before or behind the command's name. A command's own letter goes before a global one, as in `logs -f`. */
function addGlobalOptions(command: Command): void {
  const taken = (letter: string): boolean => command.options.some((option) => option.short === letter);
  const add = (letter: string, long: string, description: string): Option => {
    const option = new Option(taken(letter) || letter === '' ? long : `${letter}, ${long}`, description);
    if (command.parent) option.hideHelp(); // they are listed once, as global ones
    command.addOption(option);
    return option;
  };
  add(
    '-f',
    '--file <path>',
    'the mesh file (default: ./mesh.yaml if it exists, else the built-in mesh of two clusters)',
  );
  add('', '--home <folder>', 'the state folder (default: $ISTHMUS_HOME, else the XDG state folder)');
  add('-o', '--output <format>', 'how to print results (default: table)').choices(['table', 'json', 'yaml']);
  add('-q', '--quiet', 'no progress');
  add('', '--verbose', 'more about errors');
}

function contextOf(options: Record<string, unknown>, surroundings: Surroundings): CommandContext {
  return {
    ...surroundings,
    home: stateFolder(surroundings.env, surroundings.cwd, options['home'] as string | undefined),
    file: options['file'] as string | undefined,
    output: (options['output'] as OutputFormat | undefined) ?? 'table',
    quiet: Boolean(options['quiet']),
    verbose: Boolean(options['verbose']),
  };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
