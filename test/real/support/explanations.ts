import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/isthmus.ts';

/** The patterns of the tables in docs/istio-compatibility.md: each is a regular expression on the path of a fact. */
export function explanations(): RegExp[] {
  const text = readFileSync(join(root, 'docs/istio-compatibility.md'), 'utf8');
  return [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, pattern]) => new RegExp(pattern!.replaceAll('\\|', '|')));
}
