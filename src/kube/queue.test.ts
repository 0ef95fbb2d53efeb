import { describe, expect, it } from 'vitest';
import { workQueue } from './queue.ts';

describe('a work queue', () => {
  it('never runs one key twice at once, and runs it again when it was added meanwhile', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const finished = Promise.withResolvers<void>();
    const queue = workQueue(async (key) => {
      running++;
      most = Math.max(most, running);
      if (++runs === 1) queue.add(key);
      await Promise.resolve();
      running--;
      if (runs === 2) finished.resolve();
    });
    queue.add('a');
    queue.add('a');
    await finished.promise;
    await queue.stop();
    expect({ most, runs }).toEqual({ most: 1, runs: 2 });
  });

  it('tries a failed key again until it succeeds', async () => {
    const done = Promise.withResolvers<number>();
    let attempts = 0;
    const queue = workQueue(
      async () => {
        if (++attempts < 3) throw new Error('not yet');
        done.resolve(attempts);
      },
      { firstPauseMs: 1 },
    );
    queue.add('a');
    expect(await done.promise).toBe(3);
    await queue.stop();
  });

  it('runs different keys at once up to its concurrency', async () => {
    const both = Promise.withResolvers<void>();
    const seen = new Set<string>();
    const queue = workQueue(
      async (key) => {
        seen.add(key);
        if (seen.size === 2) both.resolve();
        await both.promise;
      },
      { concurrency: 2 },
    );
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await both.promise;
    expect([...seen].slice(0, 2)).toEqual(['a', 'b']);
    await queue.stop();
  });

  it('takes nothing after it was stopped', async () => {
    let runs = 0;
    const queue = workQueue(async () => {
      runs++;
    });
    await queue.stop();
    queue.add('a');
    queue.addAfter('b', 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toBe(0);
  });
});
