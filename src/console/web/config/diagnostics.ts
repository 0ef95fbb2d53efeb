/** Where in a text a finding stands, and what is no YAML at all. */
import { LineCounter, parseDocument } from 'yaml';
import type { IstioCheck } from '../../api.ts';

export interface TextFinding {
  from: number;
  to: number;
  severity: 'error' | 'warning' | 'info';
  message: string;
}

const severities = { error: 'error', warning: 'warning', unknown: 'info' } as const;

/** Findings of the validation and mistakes of the text, with their places. A path that the text does not have stands at the nearest that it has. */
export function findingsIn(text: string, checks: IstioCheck[]): TextFinding[] {
  const document = parseDocument(text, { lineCounter: new LineCounter() });
  const mistakes = document.errors.map(
    (error): TextFinding => ({
      from: error.pos[0],
      to: error.pos[1],
      severity: 'error',
      message: error.message.split('\n')[0]!,
    }),
  );
  if (mistakes.length > 0) return mistakes;
  return checks.map((check) => {
    const [from, to] = rangeOf(document, partsOf(check.path));
    return { from, to, severity: severities[check.severity], message: `${check.code}: ${check.message}` };
  });
}

/** `spec/http[0]/route[1]` as keys and indices. */
export function partsOf(path: string): (string | number)[] {
  return path.split('/').flatMap((part) => {
    const [, name = '', indices = ''] = /^([^[]*)((?:\[\d+\])*)$/.exec(part) ?? [];
    const numbers = [...indices.matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1]));
    return name ? [name, ...numbers] : numbers;
  });
}

function rangeOf(document: ReturnType<typeof parseDocument>, path: (string | number)[]): [number, number] {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return [node.range[0], firstLine(document.toString().length, node.range)];
  }
  return [0, 0];
}

const firstLine = (length: number, [from, to]: [number, number, number]): number =>
  Math.min(to, from + 60, Math.max(length, from));
