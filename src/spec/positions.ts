/** Where in the text a path of a YAML document stands. */
import { type Document, isMap, isNode, isPair, isScalar, isSeq, type Node } from 'yaml';
import { type Finding, formatPath, type Path, type Problem } from './problem.ts';

export class Positions {
  readonly #file: string;
  readonly #text: string;
  readonly #document: Document;

  constructor(file: string, text: string, document: Document) {
    this.#file = file;
    this.#text = text;
    this.#document = document;
  }

  /** A finding whose path does not exist is placed at the nearest key above it. */
  problem(finding: Finding): Problem {
    const [start, end] = this.#find(finding.path, finding.atKey ?? false);
    return this.at(start, end, finding.message, finding.fix, finding.path);
  }

  at(start: number, end: number, message: string, fix: string | undefined, path: Path = []): Problem {
    const offset = Math.min(Math.max(start, 0), this.#text.length);
    // Counted here: the parser's own counter goes astray in text that is broken in certain ways.
    const before = this.#text.slice(0, offset).split('\n');
    const text = this.#text.slice(offset, Math.max(end, offset)).split('\n', 1)[0] ?? '';
    return {
      file: this.#file,
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
      path: formatPath(path),
      text: text.trimEnd().slice(0, 120),
      message,
      fix,
    };
  }

  /** A position whose text goes on to the end of the word. */
  word(start: number, message: string, fix: string | undefined): Problem {
    const word = /^[^\s:,\]}]*/.exec(this.#text.slice(start, start + 120))?.[0] ?? '';
    return this.at(start, start + word.length, message, fix);
  }

  #find(path: Path, atKey: boolean): [start: number, end: number] {
    let node: unknown = this.#document.contents;
    let found = rangeOf(node) ?? [0, 0];
    for (const [depth, step] of path.entries()) {
      const last = depth === path.length - 1;
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
        if (!isPair(pair)) return found;
        const key = rangeOf(pair.key) ?? found;
        const value = rangeOf(pair.value);
        // An empty value has no text of its own; neither is a nested one the place to look for what is missing in it.
        found = last && !atKey && value && value[1] > value[0] && isScalar(pair.value) ? value : key;
        node = pair.value;
      } else if (isSeq(node) && typeof step === 'number') {
        const item = node.items[step];
        if (item === undefined) return found;
        found = rangeOf(item) ?? found;
        node = item;
      } else return found;
    }
    return found;
  }
}

function rangeOf(node: unknown): [number, number] | undefined {
  const range = isNode(node) ? (node as Node).range : undefined;
  return range ? [range[0], range[1]] : undefined;
}
