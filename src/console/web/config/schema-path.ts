/**
 * Where in a YAML text the cursor stands, by indentation, since a text that is being written is seldom whole; and what the schema of the
 * object's kind says about that place.
 */

export interface Schema {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  enum?: unknown[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  required?: string[];
}

export interface CursorPlace {
  /** Keys from the outside; `[]` for an item of a list. */
  path: string[];
  /** The key whose value is being written, or none where a key is. */
  key?: string;
  /** Keys that stand beside it already. */
  siblings: string[];
}

/** An open mapping key or list item, and the keys that were met directly in it. */
interface Frame {
  /** Column of the key or the dash. */
  column: number;
  name: string;
  keys: string[];
}

/** Reads the place of the cursor: `before` is the text to its left, `after` the text to its right. */
export function placeOf(before: string, after: string): CursorPlace {
  const above = before.split('\n');
  const current = above.pop() ?? '';
  const open: Frame[] = [{ column: -1, name: '', keys: [] }];
  for (const line of above) take(open, line);
  // A letter stands for what is about to be written.
  const key = take(open, /[\w"']\s*$/.test(current) || /:\s*$/.test(current) ? current : `${current}x`, false);
  const path = open.slice(1).map((frame) => frame.name);
  const container = open.at(-1)!;
  for (const line of after.split('\n').slice(1)) {
    take(open, line);
    if (!open.includes(container)) break;
  }
  return { path, ...(key === undefined ? {} : { key }), siblings: container.keys };
}

/** Closes what the line ends and opens what it begins; gives its key. With `opens` false the key itself is not entered. */
function take(open: Frame[], line: string, opens = true): string | undefined {
  if (line.trim() === '' || /^\s*(#|---)/.test(line)) return undefined;
  let column = line.search(/\S/);
  let rest = line.slice(column);
  while (/^-(\s|$)/.test(rest)) {
    // A list may stand at the column of the key that holds it.
    close(open, (frame) => frame.column > column || (frame.name === '[]' && frame.column === column));
    open.push({ column, name: '[]', keys: [] });
    const width = 1 + Math.max(rest.slice(1).search(/\S/), 1);
    column += width;
    rest = rest.slice(width);
  }
  const at = column;
  close(open, (frame) => frame.column >= at);
  const key = /^([\w./-]+)\s*:(?:\s|$)/.exec(rest)?.[1];
  if (key !== undefined && opens) {
    open.at(-1)!.keys.push(key);
    open.push({ column, name: key, keys: [] });
  }
  return key;
}

function close(open: Frame[], ends: (frame: Frame) => boolean): void {
  while (open.length > 1 && ends(open.at(-1)!)) open.pop();
}

/** What the schema says of a path, or nothing where it says nothing. */
export function schemaAt(schema: Schema, path: string[]): Schema | undefined {
  let here: Schema | undefined = schema;
  for (const part of path) {
    if (!here) return undefined;
    if (part === '[]') here = here.items;
    else
      here =
        here.properties?.[part] ??
        (typeof here.additionalProperties === 'object' ? here.additionalProperties : undefined);
  }
  return here;
}
