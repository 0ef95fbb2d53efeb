import { isthmus } from './isthmus.ts';

interface SeenFact {
  id: string;
  status: 'pass' | 'fail' | 'unknown';
  measured: string;
  why?: string;
}

/** Runs `isthmus verify -o json` and gives its facts by id, and its exit code. */
export async function verifyFacts(home: string): Promise<{ code: number; facts: Map<string, SeenFact>; text: string }> {
  const { code, stdout, stderr } = await isthmus(['verify', '-o', 'json'], { home });
  const answer = JSON.parse(stdout);
  const list: SeenFact[] = Array.isArray(answer) ? answer : answer.facts;
  return { code, facts: new Map(list.map((fact) => [fact.id, fact])), text: stdout + stderr };
}

/** Ids of the facts that do not pass. */
export function notPassing(facts: Map<string, SeenFact>): string[] {
  return [...facts.values()].filter((fact) => fact.status !== 'pass').map((fact) => `${fact.id}: ${fact.measured}`);
}
