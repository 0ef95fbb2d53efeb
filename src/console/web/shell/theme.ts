/** Light or dark: what the person chose, else what the system says. */
import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark';

const key = 'isthmus.theme';
const darkClass = 'pf-v6-theme-dark';
const system = window.matchMedia('(prefers-color-scheme: dark)');
const watchers = new Set<() => void>();

function chosen(): Theme | undefined {
  const stored = window.localStorage.getItem(key);
  return stored === 'light' || stored === 'dark' ? stored : undefined;
}

export const currentTheme = (): Theme => chosen() ?? (system.matches ? 'dark' : 'light');

function show(): void {
  document.documentElement.classList.toggle(darkClass, currentTheme() === 'dark');
  for (const watcher of watchers) watcher();
}

export function startTheme(): void {
  system.addEventListener('change', show);
  show();
}

export function chooseTheme(theme: Theme): void {
  window.localStorage.setItem(key, theme);
  show();
}

/** The theme that is shown; for what is drawn on a canvas and does not follow style sheets. */
export function useTheme(): Theme {
  return useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, currentTheme);
}
