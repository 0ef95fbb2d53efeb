/** A mistake in a mesh file and how to mend it. */
export interface Problem {
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /** The key's place, as in `spec.clusters[0].role`; empty for the whole file. */
  path: string;
  /** The offending text as it stands in the file, one line of it. */
  text: string;
  message: string;
  /** What to write instead. */
  fix: string | undefined;
}

export type Path = readonly (string | number)[];

/** A mistake whose position is still to be looked up. */
export interface Finding {
  path: Path;
  /** The key is wrong and not its value. */
  atKey?: boolean | undefined;
  message: string;
  fix?: string | undefined;
}

export function formatPath(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

/** One line, as compilers write it: file:line:column, what is wrong, and what to write instead. */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${place}: ${path}${problem.message}${problem.fix === undefined ? '' : `; ${problem.fix}`}`;
}
