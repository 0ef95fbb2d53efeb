import { setTimeout as pause } from 'node:timers/promises';

/** Asks again until the answer is good or the time is over, and gives the last answer. For what no watch tells of. */
export async function until<T>(
  ask: () => Promise<T>,
  good: (answer: T) => boolean,
  options: { withinMs: number; everyMs?: number; signal: AbortSignal },
): Promise<T> {
  const deadline = Date.now() + options.withinMs;
  for (;;) {
    const answer = await ask();
    if (good(answer) || Date.now() >= deadline) return answer;
    await pause(options.everyMs ?? 100, undefined, { signal: options.signal });
  }
}
