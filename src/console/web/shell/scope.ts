/**
 * What the pages are about: clusters, namespaces and the range of time. It is in the address, so that a link, a reload and the button back
 * show the same, and goes along from page to page.
 */
import { useCallback, useMemo } from 'react';
import { useLocation, useSearch } from 'wouter';

export interface Scope {
  /** Empty: all. */
  clusters: string[];
  namespaces: string[];
  /** Seconds over which rates are taken. */
  duration: number;
}

const kept = ['clusters', 'namespaces', 'duration'];
const defaultDuration = 300;

/** Reads the scope of a query string. What is not a positive number of seconds is no duration. */
export function parseScope(search: string): Scope {
  const params = new URLSearchParams(search);
  const list = (name: string): string[] => (params.get(name) ?? '').split(',').filter(Boolean);
  const duration = Number(params.get('duration'));
  return {
    clusters: list('clusters'),
    namespaces: list('namespaces'),
    duration: Number.isFinite(duration) && duration > 0 ? duration : defaultDuration,
  };
}

export function useScope(): { scope: Scope; setScope: (change: Partial<Scope>) => void } {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const scope = useMemo(() => parseScope(search), [search]);
  const setScope = useCallback(
    (change: Partial<Scope>) => {
      const next = { ...parseScope(search), ...change };
      navigate(
        withQuery(path, search, {
          clusters: next.clusters.join(','),
          namespaces: next.namespaces.join(','),
          duration: next.duration === defaultDuration ? '' : String(next.duration),
        }),
        { replace: true },
      );
    },
    [search, path, navigate],
  );
  return { scope, setScope };
}

/** One parameter of the page's own in the address, with a default that is not written. */
export function useParam(name: string, fallback = ''): [string, (value: string) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const value = new URLSearchParams(search).get(name) ?? fallback;
  const set = useCallback(
    // The address as it is now, not as it was when this was rendered: two parameters may be set in one go.
    (next: string) =>
      navigate(withQuery(path, window.location.search, { [name]: next === fallback ? '' : next }), { replace: true }),
    [path, navigate, name, fallback],
  );
  return [value, set];
}

/** `path` with the scope of `search` and nothing else of it, for links to other pages. */
export function scoped(path: string, search: string): string {
  const from = new URLSearchParams(search);
  const keep: Record<string, string> = {};
  for (const name of kept) keep[name] = from.get(name) ?? '';
  const [bare, own = ''] = path.split('?');
  return withQuery(bare ?? '/', own, keep);
}

function withQuery(path: string, search: string, change: Record<string, string>): string {
  const params = new URLSearchParams(search);
  for (const [name, value] of Object.entries(change)) {
    if (value === '') params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString().replaceAll('%2C', ',').replaceAll('%2F', '/');
  return text ? `${path}?${text}` : path;
}
