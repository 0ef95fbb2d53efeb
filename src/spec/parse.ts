import { existsSync } from 'node:fs';
import { type Document, parseAllDocuments, visit, type YAMLError } from 'yaml';
import { messageOf } from '../errors/index.ts';
import { crossCheck } from './cross-checks.ts';
import { resolveMesh } from './defaults.ts';
import type { Mesh } from './mesh.ts';
import { Positions } from './positions.ts';
import type { Finding, Problem } from './problem.ts';
import { checkShape } from './shape.ts';

export interface ParseOptions {
  /** Whether a file exists; replaced in tests. */
  exists?: (path: string) => boolean;
}

/**
 * Reads a mesh file. Never throws for bad content: all mistakes are given at once, in the order of the text.
 * @param fileName for messages, and as the base of relative paths
 */
export function parseMesh(
  text: string,
  fileName: string,
  options: ParseOptions = {},
): { mesh: Mesh } | { problems: Problem[] } {
  const parsed = parseAllDocuments(text, {
    prettyErrors: false,
    uniqueKeys: true,
    logLevel: 'silent',
  });
  const documents = Array.isArray(parsed) ? parsed : [];
  const document = documents[0];
  if (!document || document.contents === null) return { problems: [emptyFile(fileName, document?.errors[0])] };
  const positions = new Positions(fileName, text, document);
  const problems = leadingErrors(documents).map((error) => syntaxProblem(error, positions));
  const broken = documents.some((one) => one.errors.some((error) => error.code !== 'DUPLICATE_KEY'));
  const second = documents[1];
  if (second)
    problems.push(
      positions.at(second.range[0], second.range[0] + 3, 'a second document begins here', 'keep one mesh per file'),
    );
  const aliases = documents.flatMap((one) => unresolvedAliases(one));
  problems.push(
    ...aliases.map((start) =>
      positions.word(start, 'this alias has no anchor before it', 'write the text out instead'),
    ),
  );
  // Below broken syntax everything else would be guessing.
  if (!broken && aliases.length === 0) {
    const result = checkContent(document, fileName, options.exists ?? existsSync);
    if ('mesh' in result && problems.length === 0) return result;
    if ('findings' in result) problems.push(...result.findings.map((finding) => positions.problem(finding)));
  }
  return { problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
}

function checkContent(
  document: Document,
  fileName: string,
  exists: (path: string) => boolean,
): { mesh: Mesh } | { findings: Finding[] } {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { findings: [{ path: [], message: messageOf(error), fix: 'write the text out instead of using aliases' }] };
  }
  const shape = checkShape(value);
  const crossing = crossCheck(value, { fileName, exists });
  if ('file' in shape && crossing.length === 0) return { mesh: resolveMesh(shape.file, fileName) };
  return { findings: [...('findings' in shape ? shape.findings : []), ...crossing] };
}

/** A tab in the indentation makes everything after it look wrong as well. */
function leadingErrors(documents: readonly Document[]): YAMLError[] {
  const errors = documents.flatMap((document) => document.errors);
  const tabs = errors.filter((error) => error.code === 'TAB_AS_INDENT');
  return tabs.length > 0 ? tabs : errors;
}

function unresolvedAliases(document: Document): number[] {
  const starts: number[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      if (!alias.resolve(document)) starts.push(alias.range?.[0] ?? 0);
    },
  });
  return starts;
}

function emptyFile(fileName: string, error: YAMLError | undefined): Problem {
  return {
    file: fileName,
    line: 1,
    column: 1,
    path: '',
    text: '',
    message: error ? error.message : 'the file is empty',
    fix: 'run `isthmus init` to have one written',
  };
}

const syntaxHints: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'indent entries of one list or mapping alike',
  MISSING_CHAR: 'close what was opened, or quote the text',
  MULTILINE_IMPLICIT_KEY: 'check the indentation, and for a missing ":"',
  BLOCK_AS_IMPLICIT_KEY: 'put nested content on lines of its own, indented',
  DUPLICATE_KEY: 'keep one of the two',
};

function syntaxProblem(error: YAMLError, positions: Positions): Problem {
  const hint = syntaxHints[error.code] ?? 'mend the YAML here';
  if (error.code === 'DUPLICATE_KEY') return positions.word(error.pos[0], 'this key stands here a second time', hint);
  return positions.at(error.pos[0], error.pos[1], lowerFirst(error.message), hint);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
