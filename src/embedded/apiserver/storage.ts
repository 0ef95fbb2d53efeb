/**
 * Where objects are: SQLite for durability, memory for reading, one log of changes for watching. A write is in SQLite before it is
 * visible or acknowledged. The revision grows by one with each write of any object, as etcd's does, and is the resourceVersion.
 */
import { chmodSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { KubeObject } from '../../kube/index.ts';

export interface Entry {
  object: KubeObject;
  /** The object as JSON, made once for all lists and watches. */
  json: string;
  revision: number;
}

export interface Change {
  resource: string;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  revision: number;
  entry: Entry;
  previous: Entry | undefined;
}

/** Changes that are kept for watches that resume. */
const logLength = 8192;

export class Storage {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #setRevision: StatementSync;
  readonly #objects = new Map<string, Map<string, Entry>>();
  readonly #log: Change[] = [];
  readonly #watchers = new Map<string, Set<(change: Change) => void>>();
  #revision: number;
  /** Changes up to this revision can no longer be replayed. */
  #compacted: number;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    chmodSync(path, 0o600);
    // NORMAL: a killed process loses nothing; only a machine that loses power may lose the last writes.
    this.#database.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS object (
        resource TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (resource, name)
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS revision (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL);
      INSERT OR IGNORE INTO revision VALUES (1, 1);`);
    this.#insert = this.#database.prepare('INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?)');
    this.#remove = this.#database.prepare('DELETE FROM object WHERE resource = ? AND name = ?');
    this.#setRevision = this.#database.prepare('UPDATE revision SET value = ?');
    this.#revision = Number(this.#database.prepare('SELECT value FROM revision').get()?.['value'] ?? 1);
    this.#compacted = this.#revision;
    for (const row of this.#database.prepare('SELECT resource, name, revision, body FROM object').iterate()) {
      const json = String(row['body']);
      this.#of(String(row['resource'])).set(String(row['name']), {
        object: JSON.parse(json),
        json,
        revision: Number(row['revision']),
      });
    }
  }

  get revision(): number {
    return this.#revision;
  }

  get compacted(): number {
    return this.#compacted;
  }

  get(resource: string, namespace: string | undefined, name: string): Entry | undefined {
    return this.#objects.get(resource)?.get(key(namespace, name));
  }

  /** Entries of a resource in the order of their names, as etcd gives them. */
  list(resource: string, namespace?: string): Entry[] {
    const all = this.#objects.get(resource);
    if (!all) return [];
    const names = [...all.keys()].sort();
    const chosen = namespace === undefined ? names : names.filter((name) => name.startsWith(`${namespace}/`));
    return chosen.map((name) => all.get(name)!);
  }

  /** Stores an object under the next revision, which is written into its metadata. */
  put(resource: string, object: KubeObject): Entry {
    const revision = this.#revision + 1;
    object.metadata.resourceVersion = String(revision);
    const json = JSON.stringify(object);
    const name = key(object.metadata.namespace, object.metadata.name ?? '');
    this.#write(revision, () => this.#insert.run(resource, name, revision, json));
    const entry: Entry = { object, json, revision };
    const objects = this.#of(resource);
    const previous = objects.get(name);
    objects.set(name, entry);
    this.#publish({ resource, type: previous ? 'MODIFIED' : 'ADDED', revision, entry, previous });
    return entry;
  }

  /** Removes an object. Watches see it with the revision of its deletion. */
  delete(resource: string, namespace: string | undefined, name: string): Entry | undefined {
    const objects = this.#of(resource);
    const previous = objects.get(key(namespace, name));
    if (!previous) return undefined;
    const revision = this.#revision + 1;
    this.#write(revision, () => this.#remove.run(resource, key(namespace, name)));
    objects.delete(key(namespace, name));
    const object = { ...previous.object, metadata: { ...previous.object.metadata, resourceVersion: String(revision) } };
    const entry: Entry = { object, json: JSON.stringify(object), revision };
    this.#publish({ resource, type: 'DELETED', revision, entry, previous });
    return entry;
  }

  /** Changes of a resource after a revision; undefined when they are no longer all there. */
  since(resource: string, revision: number): Change[] | undefined {
    if (revision < this.#compacted) return undefined;
    let first = this.#log.length;
    while (first > 0 && this.#log[first - 1]!.revision > revision) first--;
    return this.#log.slice(first).filter((change) => change.resource === resource);
  }

  watch(resource: string, listener: (change: Change) => void): () => void {
    const listeners = this.#watchers.get(resource) ?? new Set();
    this.#watchers.set(resource, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  close(): void {
    this.#database.close();
  }

  #of(resource: string): Map<string, Entry> {
    const known = this.#objects.get(resource);
    if (known) return known;
    const made = new Map<string, Entry>();
    this.#objects.set(resource, made);
    return made;
  }

  #write(revision: number, statement: () => void): void {
    this.#database.exec('BEGIN');
    try {
      statement();
      this.#setRevision.run(revision);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
    this.#revision = revision;
  }

  #publish(change: Change): void {
    this.#log.push(change);
    if (this.#log.length > logLength * 1.25) {
      const removed = this.#log.splice(0, this.#log.length - logLength);
      this.#compacted = removed.at(-1)!.revision;
    }
    for (const listener of this.#watchers.get(change.resource) ?? []) listener(change);
  }
}

const key = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;
