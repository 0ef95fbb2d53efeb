import { describe, expect, it } from 'vitest';
import { Subscription } from './subscription.ts';

const resources = (...entries: [name: string, text: string][]) => entries.map(([name, text]) => ({ name, text }));

describe('a delta subscription', () => {
  it('is a wildcard when the first request names nothing', () => {
    const subscription = new Subscription();
    expect(subscription.request([], []).asksForMore).toBe(true);
    expect(subscription.difference(resources(['a', '1'], ['b', '1']), [], true)).toEqual({
      changed: ['a', 'b'],
      removed: [],
    });
  });

  it('gets only what has changed, and what is gone', () => {
    const subscription = new Subscription();
    subscription.request([], []);
    subscription.difference(resources(['a', '1'], ['b', '1']), [], true);
    expect(subscription.difference(resources(['a', '2']), [], true)).toEqual({ changed: ['a'], removed: ['b'] });
    expect(subscription.difference(resources(['a', '2']), [], true)).toEqual({ changed: [], removed: [] });
  });

  it('gets what it asks for again, changed or not', () => {
    const subscription = new Subscription();
    subscription.request(['a'], []);
    subscription.difference(resources(['a', '1']), ['a'], false);
    const { force } = subscription.request(['a'], []);
    expect(subscription.difference(resources(['a', '1']), force, false).changed).toEqual(['a']);
  });

  it('gets nothing that it has left', () => {
    const subscription = new Subscription();
    subscription.request(['a', 'b'], []);
    subscription.difference(resources(['a', '1'], ['b', '1']), ['a', 'b'], false);
    expect(subscription.request([], ['b']).asksForMore).toBe(false);
    expect(subscription.difference(resources(['a', '2'], ['b', '2']), [], false)).toEqual({
      changed: ['a'],
      removed: [],
    });
  });

  it('is told after a reconnect what of its old state is gone', () => {
    const subscription = new Subscription();
    subscription.request([], [], ['a', 'old']);
    expect(subscription.difference(resources(['a', '1']), [], true)).toEqual({ changed: ['a'], removed: ['old'] });
  });
});

describe('a state-of-the-world subscription', () => {
  it('asks for more only when it names something new', () => {
    const subscription = new Subscription();
    expect(subscription.state(['a']).asksForMore).toBe(true);
    expect(subscription.state(['a']).asksForMore).toBe(false);
    expect(subscription.state(['a', 'b']).asksForMore).toBe(true);
    expect(subscription.names).toEqual(['a', 'b']);
  });
});
