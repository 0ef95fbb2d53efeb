/** CEL, as far as istiod must know it: whether Envoy could read an expression. One that it cannot costs a proxy all of its listeners. */
import { createRequire } from 'node:module';
import { messageOf } from '../../../errors/index.ts';

const load = createRequire(import.meta.url);
let parser: { parse(text: string): unknown } | undefined;
const known = new Map<string, string | undefined>();
/** Expressions come from objects that may be changed without end. */
const most = 2_000;

/** What is wrong with an expression; undefined where nothing is. The parser is loaded when the first one is met. */
export function expressionProblem(text: string): string | undefined {
  if (known.has(text)) return known.get(text);
  parser ??= load('@marcbachmann/cel-js') as typeof parser;
  let problem: string | undefined;
  try {
    parser!.parse(text);
  } catch (error) {
    // The first line; the parser adds a drawing of the place.
    problem = messageOf(error).split('\n')[0];
  }
  if (known.size >= most) known.clear();
  known.set(text, problem);
  return problem;
}
