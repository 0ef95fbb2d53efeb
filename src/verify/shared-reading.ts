/** Readings that many facts repeat until they are content: those who ask while one is made share the next. */
import type { VerifyContext } from './fact.ts';

/** Gives a reading that has begun after the call. At most one is made at a time for a key of a run, and all who wait get the same. */
export async function sharedReading<T>(
  context: Pick<VerifyContext, 'once'>,
  key: string,
  make: () => Promise<T>,
): Promise<T> {
  const state = await context.once(`shared/${key}`, async () => ({}) as { running?: Promise<T>; next?: Promise<T> });
  const begin = (): Promise<T> => {
    const made = make();
    const done = (): void => {
      if (state.running === made) delete state.running;
    };
    made.then(done, done);
    state.running = made;
    return made;
  };
  if (!state.running) return begin();
  state.next ??= state.running
    .catch(() => {})
    .then(() => {
      delete state.next;
      return begin();
    });
  return state.next;
}
