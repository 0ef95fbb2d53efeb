import type { CommandContext } from '../context.ts';

/** Prints a value for machines when -o asks for it. @returns false for a table, which the command draws itself. */
export async function printStructured(context: CommandContext, value: unknown): Promise<boolean> {
  if (context.output === 'table') return false;
  if (context.output === 'json') context.out.write(`${JSON.stringify(value, null, 2)}\n`);
  else context.out.write((await import('yaml')).stringify(value));
  return true;
}
