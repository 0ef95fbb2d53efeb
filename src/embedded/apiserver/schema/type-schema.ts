/**
 * One view of a type for all who walk objects: OpenAPI definitions of built-in kinds and schemas of CustomResourceDefinitions look the
 * same through it. Children are made when they are asked for, so that recursive types cost nothing.
 */
export class TypeSchema {
  readonly raw: any;
  readonly #resolve: (reference: string) => TypeSchema | undefined;
  readonly #children = new Map<string, TypeSchema | undefined>();
  #items: TypeSchema | undefined;

  constructor(raw: any, resolve: (reference: string) => TypeSchema | undefined) {
    this.raw = raw;
    this.#resolve = resolve;
  }

  /** The schema of a field, be it a property or an entry of a map. */
  field(name: string): TypeSchema | undefined {
    if (this.#children.has(name)) return this.#children.get(name);
    const properties = this.raw.properties;
    const raw =
      properties && Object.hasOwn(properties, name)
        ? properties[name]
        : typeof this.raw.additionalProperties === 'object'
          ? this.raw.additionalProperties
          : undefined;
    const child = raw === undefined ? undefined : this.#make(raw);
    // Maps have any number of names: only properties are worth keeping.
    if (properties && Object.hasOwn(properties, name)) this.#children.set(name, child);
    return child;
  }

  items(): TypeSchema | undefined {
    if (this.raw.items === undefined) return undefined;
    this.#items ??= this.#make(this.raw.items);
    return this.#items;
  }

  get type(): string | undefined {
    return this.raw.type;
  }

  /** Whether fields that are not named here belong to the object all the same. */
  get isOpen(): boolean {
    return (
      this.raw['x-kubernetes-preserve-unknown-fields'] === true ||
      this.raw['x-kubernetes-embedded-resource'] === true ||
      this.raw.additionalProperties !== undefined ||
      (this.raw.properties === undefined && this.raw.type === 'object') ||
      (this.raw.properties === undefined && this.raw.type === undefined)
    );
  }

  get isIntOrString(): boolean {
    return this.raw['x-kubernetes-int-or-string'] === true || this.raw.format === 'int-or-string';
  }

  get isQuantity(): boolean {
    return this.raw.format === 'quantity';
  }

  /** Lists are atomic unless they say otherwise. */
  get listType(): 'atomic' | 'set' | 'map' {
    return this.raw['x-kubernetes-list-type'] ?? 'atomic';
  }

  get listMapKeys(): string[] {
    return this.raw['x-kubernetes-list-map-keys'] ?? [];
  }

  get isAtomicMap(): boolean {
    return this.raw['x-kubernetes-map-type'] === 'atomic';
  }

  get patchMergeKey(): string | undefined {
    return this.raw['x-kubernetes-patch-merge-key'];
  }

  get patchStrategies(): string[] {
    return String(this.raw['x-kubernetes-patch-strategy'] ?? '').split(',');
  }

  /** The key under which an item of an associative list is known; a key field that is left out has its default. */
  itemKey(item: any): Record<string, unknown> {
    const items = this.items();
    const key: Record<string, unknown> = {};
    for (const name of [...this.listMapKeys].sort()) {
      // Built-in definitions do not state the one default that keys have.
      const fallback = items?.field(name)?.raw.default ?? (name === 'protocol' ? 'TCP' : undefined);
      const value = item?.[name] ?? fallback;
      if (value !== undefined) key[name] = value;
    }
    return key;
  }

  #make(raw: any): TypeSchema | undefined {
    if (raw.$ref === undefined) return new TypeSchema(raw, this.#resolve);
    const target = this.#resolve(raw.$ref);
    // What stands beside a reference belongs to the field, as merge keys do.
    const { $ref: _, ...beside } = raw;
    return target && Object.keys(beside).length > 0
      ? new TypeSchema({ ...target.raw, ...beside }, this.#resolve)
      : target;
  }
}
