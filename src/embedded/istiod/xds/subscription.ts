/** What a client wants of one type and what it has: the rules of wildcards, additions and removals, and nowhere else. */
export class Subscription {
  #wildcard = false;
  readonly #names = new Set<string>();
  /** Names that the client has, with the text of what was last sent. */
  readonly #held = new Map<string, string>();
  /** Names that the client has from another server and of which nothing was sent here. */
  readonly #unproven = new Set<string>();
  #first = true;
  nonceSent = '';
  nonceAcked = '';
  lastError: string | undefined;

  /**
   * Takes a request in and says which names must be answered even if nothing changed about them. A first request without names is a
   * wildcard, as is the name `*`.
   */
  request(
    subscribe: string[],
    unsubscribe: string[],
    initial: string[] = [],
  ): { force: string[]; asksForMore: boolean } {
    const first = this.#first;
    this.#first = false;
    if (first) {
      for (const name of initial) this.#unproven.add(name);
      if (subscribe.length === 0) this.#wildcard = true;
    }
    const force: string[] = [];
    for (const name of subscribe) {
      if (name === '*') this.#wildcard = true;
      else {
        this.#names.add(name);
        force.push(name);
      }
    }
    for (const name of unsubscribe) {
      if (name === '*') this.#wildcard = false;
      this.#names.delete(name);
      this.#held.delete(name);
    }
    return { force, asksForMore: first || subscribe.length > 0 };
  }

  /** The state-of-the-world form: each request states all names. */
  state(names: string[]): { asksForMore: boolean } {
    const before = new Set(this.#names);
    const first = this.#first;
    this.#first = false;
    if (first && names.length === 0) this.#wildcard = true;
    this.#names.clear();
    for (const name of names) this.#names.add(name);
    return { asksForMore: first || names.some((name) => !before.has(name)) };
  }

  get isWildcard(): boolean {
    return this.#wildcard;
  }

  get names(): readonly string[] {
    return [...this.#names];
  }

  wants(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  /** Which of the resources must be sent, and which names are gone, when `complete` says that these are all there are. */
  difference(
    resources: { name: string; text: string }[],
    force: readonly string[],
    complete: boolean,
  ): { changed: string[]; removed: string[] } {
    const forced = new Set(force);
    const present = new Set(resources.map((one) => one.name));
    const changed: string[] = [];
    for (const { name, text } of resources) {
      if (!this.wants(name) || (this.#held.get(name) === text && !forced.has(name))) continue;
      this.#held.set(name, text);
      this.#unproven.delete(name);
      changed.push(name);
    }
    const candidates = complete
      ? [...this.#held.keys(), ...this.#unproven]
      : [...forced].filter((name) => this.#held.has(name));
    const removed = [...new Set(candidates)].filter((name) => !present.has(name));
    for (const name of removed) {
      this.#held.delete(name);
      this.#unproven.delete(name);
    }
    return { changed, removed };
  }

  get held(): readonly string[] {
    return [...this.#held.keys()];
  }
}
