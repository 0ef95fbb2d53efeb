/** Runs verify and shows its facts: one line for each, with what was measured. */
import { findManagement, type ProvidedCluster } from '../providers/index.ts';
import type { Mesh } from '../spec/index.ts';
import { type Fact, verify } from '../verify/index.ts';
import type { CommandContext } from './context.ts';
import type { ProgressView } from './render/progress.ts';
import { printStructured } from './render/structured.ts';
import { styleFor } from './render/style.ts';

export interface VerifiedMesh {
  /** Every fact holds and was measured. */
  ok: boolean;
  facts: Fact[];
}

export async function verifyMesh(options: {
  mesh: Mesh;
  clusters: ProvidedCluster[];
  progress: ProgressView;
  context: CommandContext;
}): Promise<VerifiedMesh> {
  const { mesh, clusters, progress, context } = options;
  const stage = 'verification';
  progress.update({ stage, state: 'working', detail: 'sending traffic, reading what was measured' });
  const facts = await verify({
    mesh,
    clusters: [...clusters, ...(await findManagement(mesh, context.env))],
    signal: context.signal,
    onFact: (fact) =>
      progress.update({
        stage,
        item: fact.id,
        state: fact.status === 'pass' ? 'done' : 'failed',
        detail: fact.measured,
      }),
  }).catch((error) => {
    progress.update({ stage, state: 'failed' });
    throw error;
  });
  const holding = facts.filter((fact) => fact.status === 'pass').length;
  const ok = holding === facts.length;
  progress.update({ stage, state: ok ? 'done' : 'failed', detail: `${holding} of ${facts.length} facts hold` });
  return { ok, facts };
}

const marks = { pass: ['✓', 'green'], fail: ['✗', 'red'], unknown: ['?', 'yellow'] } as const;

export async function printFacts(result: VerifiedMesh, context: CommandContext): Promise<void> {
  if (await printStructured(context, result)) return;
  const style = styleFor(context.out, context.env);
  const lines = result.facts.flatMap((fact) => {
    const [mark, colour] = marks[fact.status];
    const more =
      fact.status === 'pass'
        ? []
        : [`expected: ${fact.expected}`, fact.why && `why: ${fact.why}`, fact.fix && `to do: ${fact.fix}`];
    return [
      `${style(colour, mark)} ${fact.title}: ${fact.measured}`,
      ...more.filter(Boolean).map((line) => `    ${line}`),
    ];
  });
  context.out.write(`${lines.join('\n')}\n`);
}
