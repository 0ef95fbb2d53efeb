/** What a reader of the screen, or somebody at the keys, finds after going to another page: its heading, and the top. */
import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';

/** Moves the focus to the heading of the page that was gone to; not at first, where the browser sets it. */
export function useRouteFocus(container: string): void {
  const [path] = useLocation();
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    const main = document.getElementById(container);
    main?.scrollTo({ top: 0 });
    // Pages come in parts: the heading may not be there yet.
    const focusHeading = (): boolean => {
      const heading = main?.querySelector('h1');
      if (!heading) return false;
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
      return true;
    };
    if (focusHeading() || !main) return;
    const observer = new MutationObserver(() => focusHeading() && observer.disconnect());
    observer.observe(main, { childList: true, subtree: true });
    return () => observer.disconnect();
  }, [path, container]);
}
