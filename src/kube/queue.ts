/** Work by key: one run at a time for a key, a key added while it runs runs once more, failures are tried again with back-off. */

export interface Queue {
  add(key: string): void;
  /** Adds the key after a time in milliseconds, unless it is added before. */
  addAfter(key: string, delayMs: number): void;
  /** Lets running work end and takes no more. */
  stop(): Promise<void>;
}

export interface QueueOptions {
  /** Keys that may run at once. */
  concurrency?: number;
  /** Milliseconds before the first repetition; doubled each time up to `longestPauseMs`. */
  firstPauseMs?: number;
  longestPauseMs?: number;
  onError?: (key: string, error: unknown, attempt: number) => void;
}

export function workQueue(work: (key: string) => Promise<void>, options: QueueOptions = {}): Queue {
  const concurrency = options.concurrency ?? 4;
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  const attempts = new Map<string, number>();
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;

  const add = (key: string): void => {
    if (stopped) return;
    clearTimeout(timers.get(key));
    timers.delete(key);
    if (running.has(key)) again.add(key);
    else {
      waiting.add(key);
      pump();
    }
  };
  const addAfter = (key: string, delayMs: number): void => {
    if (stopped || waiting.has(key) || timers.has(key)) return;
    timers.set(
      key,
      setTimeout(() => add(key), delayMs),
    );
  };
  const pump = (): void => {
    for (const key of waiting) {
      if (running.size >= concurrency) return;
      waiting.delete(key);
      running.set(key, process(key));
    }
  };
  const process = async (key: string): Promise<void> => {
    await Promise.resolve(); // several additions in one turn of the event loop are one run
    try {
      await work(key);
      attempts.delete(key);
    } catch (error) {
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      options.onError?.(key, error, attempt);
      const delay = Math.min(
        (options.firstPauseMs ?? 20) * 2 ** Math.min(attempt - 1, 20),
        options.longestPauseMs ?? 30_000,
      );
      running.delete(key);
      if (!again.has(key)) addAfter(key, delay);
    }
    running.delete(key);
    if (again.delete(key)) add(key);
    pump();
  };
  return {
    add,
    addAfter,
    async stop() {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      waiting.clear();
      await Promise.allSettled(running.values());
    },
  };
}
