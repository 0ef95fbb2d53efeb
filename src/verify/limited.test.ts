import { expect, it } from 'vitest';
import { limited } from './limited.ts';
import { sharedReading } from './shared-reading.ts';

function memory() {
  const made = new Map<string, Promise<any>>();
  return {
    once<T>(key: string, make: () => Promise<T>): Promise<T> {
      if (!made.has(key)) made.set(key, make());
      return made.get(key)!;
    },
  };
}

it('lets no more than so many at work at the same time, and all come to their turn, also after a failure', async () => {
  const context = memory();
  let atWork = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      limited(context, 'test', 3, async () => {
        most = Math.max(most, ++atWork);
        await new Promise((resolve) => setTimeout(resolve, 1));
        atWork--;
        if (index % 5 === 0) throw new Error('failed');
        return index;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(results.filter((one) => one.status === 'fulfilled')).toHaveLength(16);
});

it('gives those who ask while something is read the next reading, which has begun after they asked', async () => {
  const context = memory();
  let count = 0;
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const read = () =>
    sharedReading(context, 'test', async () => {
      const number = count++;
      await gates[number]?.promise;
      return number;
    });
  const first = read();
  await new Promise((resolve) => setTimeout(resolve, 1));
  const others = [read(), read(), read()];
  gates[1]!.resolve();
  gates[0]!.resolve();
  expect(await first).toBe(0);
  expect(await Promise.all(others)).toEqual([1, 1, 1]);
  expect(await read()).toBe(2);
});
