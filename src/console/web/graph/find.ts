/**
 * The language of find and hide, Kiali's with a few words more: `ns = sample AND %error > 5`, `!mtls`, `cross OR rt > 200`,
 * `(workload ^= reviews AND NOT idle)`. A bare word that is no flag looks for names that contain it.
 *
 * A comparison speaks of nodes or of edges; what it does not speak of neither fulfils it nor its opposite.
 */

import type { GraphEdge, GraphNode } from '../../api.ts';
import { edgeFields, edgeFlags, type Fact, nodeFields, nodeFlags } from './find-words.ts';

export interface Finder {
  node: (node: GraphNode) => boolean;
  edge: (edge: GraphEdge, source: GraphNode, target: GraphNode) => boolean;
}

export type Found = { finder: Finder } | { error: string };

interface EdgeEnds {
  edge: GraphEdge;
  source: GraphNode;
  target: GraphNode;
}

type Subject = { node: GraphNode } | EdgeEnds;
/** undefined: does not speak of such a thing. */
type Test = (subject: Subject) => boolean | undefined;

class Mistake extends Error {}

/** Reads an expression; `error` says what is wrong with it in one sentence. */
export function parseFind(text: string): Found {
  try {
    const parser = new Parser(tokens(text));
    const test = parser.whole();
    return {
      finder: {
        node: (node) => test({ node }) === true,
        edge: (edge, source, target) => test({ edge, source, target }) === true,
      },
    };
  } catch (error) {
    if (error instanceof Mistake) return { error: error.message };
    throw error;
  }
}

const operators = ['!*=', '!^=', '!$=', '>=', '<=', '!=', '*=', '^=', '$=', '=', '>', '<'];
const wordOperators: Record<string, string> = {
  contains: '*=',
  startswith: '^=',
  endswith: '$=',
  'not contains': '!*=',
};

function tokens(text: string): string[] {
  const pattern = /"[^"]*"|[()]|!\*=|!\^=|!\$=|[><!*^$]?=|[><]|!|[^\s()!=<>*^$"]+/g;
  const found = text.match(pattern) ?? [];
  const rest = text.replace(pattern, '').trim();
  if (rest) throw new Mistake(`${rest} is not understood`);
  return found;
}

class Parser {
  #at = 0;
  readonly #tokens: string[];

  constructor(list: string[]) {
    this.#tokens = list;
  }

  whole(): Test {
    if (this.#tokens.length === 0) throw new Mistake('Nothing to look for');
    const test = this.#or();
    if (this.#at < this.#tokens.length) throw new Mistake(`AND or OR is missing before ${this.#tokens[this.#at]}`);
    return test;
  }

  #or(): Test {
    const tests = [this.#and()];
    while (this.#word('or')) tests.push(this.#and());
    if (tests.length === 1) return tests[0]!;
    return (subject) => tests.some((test) => test(subject) === true);
  }

  #and(): Test {
    const tests = [this.#not()];
    while (this.#word('and')) tests.push(this.#not());
    if (tests.length === 1) return tests[0]!;
    return (subject) => {
      const results = tests.map((test) => test(subject));
      return results.includes(undefined) ? undefined : results.every((result) => result);
    };
  }

  #not(): Test {
    if (this.#word('not') || this.#word('!')) {
      const test = this.#not();
      return (subject) => {
        const result = test(subject);
        return result === undefined ? undefined : !result;
      };
    }
    if (this.#word('(')) {
      const test = this.#or();
      if (!this.#word(')')) throw new Mistake('A closing bracket is missing');
      return test;
    }
    return this.#comparison();
  }

  #comparison(): Test {
    const name = this.#next('A word is missing at the end');
    const operator = this.#operator();
    if (operator) return compare(name.toLowerCase(), operator, unquoted(this.#next(`${name} ${operator} what?`)));
    return flag(name);
  }

  #operator(): string | undefined {
    const token = this.#tokens[this.#at]?.toLowerCase();
    if (token === undefined) return undefined;
    if (token === 'not' && this.#tokens[this.#at + 1]?.toLowerCase() === 'contains') {
      this.#at += 2;
      return wordOperators['not contains'];
    }
    const operator = wordOperators[token] ?? (operators.includes(token) ? token : undefined);
    if (operator) this.#at += 1;
    return operator;
  }

  #word(word: string): boolean {
    if (this.#tokens[this.#at]?.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #next(otherwise: string): string {
    const token = this.#tokens[this.#at];
    if (token === undefined || token === ')') throw new Mistake(otherwise);
    this.#at += 1;
    return token;
  }
}

const unquoted = (text: string): string => text.replace(/^"|"$/g, '');

function flag(word: string): Test {
  const name = word.toLowerCase();
  const [ofNode, ofEdge] = [nodeFlags[name], edgeFlags[name]];
  if (!ofNode && !ofEdge) return compare('name', '*=', unquoted(word));
  return (subject) =>
    'node' in subject ? ofNode?.(subject.node) : ofEdge?.(subject.edge, subject.source, subject.target);
}

function compare(field: string, operator: string, wanted: string): Test {
  const [ofNode, ofEdge] = [nodeFields[field], edgeFields[field]];
  if (!ofNode && !ofEdge) throw new Mistake(`${field} is no field; there are ${fieldNames().join(', ')}`);
  if (['>', '<', '>=', '<='].includes(operator) && Number.isNaN(Number(wanted)))
    throw new Mistake(`${field} ${operator} wants a number, not ${wanted}`);
  return (subject) => {
    const has = 'node' in subject ? ofNode?.(subject.node) : ofEdge?.(subject.edge, subject.source, subject.target);
    return has === undefined ? undefined : holds(has, operator, wanted);
  };
}

const fieldNames = (): string[] => [...new Set([...Object.keys(nodeFields), ...Object.keys(edgeFields)])].sort();

function holds(has: Fact | Fact[], operator: string, wanted: string): boolean {
  if (operator.startsWith('!')) return !holds(has, operator.slice(1), wanted);
  return (Array.isArray(has) ? has : [has]).some((one) => holdsOne(one, operator, wanted));
}

function holdsOne(has: Fact, operator: string, wanted: string): boolean {
  if (typeof has === 'number') {
    const number = Number(wanted);
    if (operator === '>') return has > number;
    if (operator === '<') return has < number;
    if (operator === '>=') return has >= number;
    if (operator === '<=') return has <= number;
    return operator === '=' && has === number;
  }
  const [text, part] = [has.toLowerCase(), wanted.toLowerCase()];
  if (operator === '=') return text === part;
  if (operator === '*=') return text.includes(part);
  if (operator === '^=') return text.startsWith(part);
  return operator === '$=' && text.endsWith(part);
}
