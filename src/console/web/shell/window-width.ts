import { useSyncExternalStore } from 'react';

const narrow = window.matchMedia('(max-width: 900px)');
const subscribe = (watcher: () => void): (() => void) => {
  narrow.addEventListener('change', watcher);
  return () => narrow.removeEventListener('change', watcher);
};

/** The window has no room for two things side by side. */
export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => narrow.matches);
