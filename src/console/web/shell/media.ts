/** What the person's system says of its window and of motion. */
import { useSyncExternalStore } from 'react';

function mediaHook(query: string): () => boolean {
  const list = window.matchMedia(query);
  const subscribe = (watcher: () => void): (() => void) => {
    list.addEventListener('change', watcher);
    return () => list.removeEventListener('change', watcher);
  };
  return () => useSyncExternalStore(subscribe, () => list.matches);
}

/** The window has no room for two things side by side. */
export const useNarrow = mediaHook('(max-width: 900px)');

/** Nothing is to move by itself. */
export const useStill = mediaHook('(prefers-reduced-motion: reduce)');
