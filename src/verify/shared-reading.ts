/** Readings that many facts repeat until they are content: those who ask at the same time share one. */
import type { VerifyContext } from './fact.ts';

export interface SharedReading<T> {
  /** A reading that has begun after this call, or is no older than `maxAgeMs`. */
  read(maxAgeMs: number): Promise<T>;
}

/** The same reading for the same key of a run. */
export function sharedReading<T>(
  context: Pick<VerifyContext, 'once'>,
  key: string,
  make: () => Promise<T>,
): Promise<SharedReading<T>> {
  return context.once(`shared/${key}`, async () => {
    let begun = Number.NEGATIVE_INFINITY;
    let latest: Promise<T> | undefined;
    return {
      read(maxAgeMs) {
        if (latest && performance.now() - begun <= maxAgeMs) return latest;
        begun = performance.now();
        latest = make();
        return latest;
      },
    };
  });
}
