/** Expressions, compiled once; evaluated with Kubernetes' own functions beside those of the language. */
import type { Environment } from '@marcbachmann/cel-js';
import { registerAddresses } from './library-addresses.ts';
import { registerLists } from './library-lists.ts';
import { registerQuantities } from './library-quantity.ts';
import { matchesName, registerStrings } from './library-strings.ts';

/** @throws Error saying why, for what is no value: a key that is not there, a type that does not fit */
export type Expression = (variables: Record<string, unknown>) => unknown;

let environment: Promise<Environment> | undefined;
const compiled = new Map<string, Expression>();
/** Expressions come from objects that may be changed without end. */
const mostCompiled = 2_000;

async function load(): Promise<Environment> {
  const { Environment } = await import('@marcbachmann/cel-js');
  const made = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
  });
  for (const register of [registerStrings, registerLists, registerQuantities, registerAddresses]) register(made);
  return made;
}

/** `has(a[0].b)`: the evaluator takes nothing but names and dots there. Of a map the same is asked by `in`. */
const indexedHas = /\bhas\((\w[\w.]*(?:\[[^\]()'"]+\][\w.]*?)+)\.(\w+)\)/g;

/** @throws Error for an expression that cannot be read */
export async function compile(text: string): Promise<Expression> {
  const known = compiled.get(text);
  if (known) return known;
  environment ??= load();
  const parsed = (await environment).parse(
    text.replaceAll(indexedHas, "('$2' in $1)").replaceAll('.matches(', `.${matchesName}(`),
  );
  const expression: Expression = (variables) => parsed(variables);
  if (compiled.size >= mostCompiled) compiled.clear();
  compiled.set(text, expression);
  return expression;
}

/** The first line of a message; the evaluator adds a drawing of the place. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
