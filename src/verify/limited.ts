/** Facts are measured at the same time; what loads the machine takes turns, so that ten clusters do not measure each other. */
import type { VerifyContext } from './fact.ts';

/** Runs the work when fewer than `most` of the same key of this run are at work; those who wait go on in the order in which they came. */
export async function limited<T>(
  context: Pick<VerifyContext, 'once'>,
  key: string,
  most: number,
  work: () => Promise<T>,
): Promise<T> {
  const turns = await context.once(`turns/${key}`, async () => ({ running: 0, waiting: [] as (() => void)[] }));
  if (turns.running >= most) await new Promise<void>((resolve) => turns.waiting.push(resolve));
  else turns.running++;
  try {
    return await work();
  } finally {
    const next = turns.waiting.shift();
    if (next) next();
    else turns.running--;
  }
}
