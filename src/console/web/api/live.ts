/**
 * The stream of changes. It carries no data: it says what has changed, and the answers that this touches are asked again. Messages that
 * come close together make one round of questions.
 */
import type { Query, QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import type { StreamMessage, StreamScope } from '../../api.ts';
import { apiUrl } from './client.ts';

/** What a query depends on; said in its `meta`. */
export type Topic = StreamScope | 'traffic' | 'events';

export interface LiveState {
  phase: 'connecting' | 'live' | 'paused' | 'lost';
  /** When the stream last said anything. */
  lastMessage?: number;
  /** When it was lost. */
  since?: number;
}

const settleMs = 400;

/** One stream for the page, whoever looks at it. */
export class LiveUpdates {
  #state: LiveState = { phase: 'connecting' };
  #source: EventSource | undefined;
  #watchers = new Set<() => void>();
  #pending = new Set<Topic>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #client: QueryClient;

  constructor(client: QueryClient) {
    this.#client = client;
  }

  start(): void {
    this.#source?.close();
    this.#set({ phase: 'connecting' });
    const source = new EventSource(apiUrl('events/stream'));
    this.#source = source;
    source.onopen = () => {
      const again = this.#state.phase === 'lost';
      this.#set({ phase: 'live', lastMessage: Date.now() });
      // What was said meanwhile is lost: everything may have changed.
      if (again) void this.#client.invalidateQueries();
    };
    source.onmessage = (event) => this.#take(JSON.parse(event.data as string) as StreamMessage);
    source.onerror = () => {
      if (this.#state.phase !== 'lost') this.#set({ phase: 'lost', since: Date.now() });
      // A browser gives up after an answer that is no stream; the server may only be starting.
      if (source.readyState === EventSource.CLOSED)
        setTimeout(() => {
          if (this.#source === source && this.#state.phase === 'lost') this.#reopen();
        }, 3000);
    };
  }

  pause(): void {
    this.#source?.close();
    this.#source = undefined;
    this.#set({ phase: 'paused' });
  }

  resume(): void {
    void this.#client.invalidateQueries();
    this.start();
  }

  subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  state = (): LiveState => this.#state;

  #reopen(): void {
    const { since } = this.#state;
    this.start();
    this.#set({ phase: 'lost', ...(since === undefined ? {} : { since }) });
  }

  #set(state: LiveState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher();
  }

  #take(message: StreamMessage): void {
    this.#set({ phase: 'live', lastMessage: Date.now() });
    if (message.type === 'changed') for (const scope of message.scopes) this.#pending.add(scope);
    if (message.type === 'traffic') this.#pending.add('traffic');
    if (message.type === 'event') this.#pending.add('events');
    if (this.#pending.size > 0) this.#timer ??= setTimeout(() => this.#askAgain(), settleMs);
  }

  #askAgain(): void {
    this.#timer = undefined;
    const topics = new Set(this.#pending);
    this.#pending.clear();
    void this.#client.invalidateQueries({ predicate: (query) => touches(query, topics) });
  }
}

function touches(query: Query, topics: Set<Topic>): boolean {
  const of = query.meta?.['topics'];
  return Array.isArray(of) && of.some((topic) => topics.has(topic));
}

export function useLive(live: LiveUpdates): LiveState {
  return useSyncExternalStore(live.subscribe, live.state);
}
