/** What the commands of day two share: the mesh that stands, one command at a time, and a verification at the end. */
import { lockHome } from '../embedded/world/index.ts';
import { IsthmusError } from '../errors/index.ts';
import { findClusters, type ProvidedCluster } from '../providers/index.ts';
import type { Mesh } from '../spec/index.ts';
import type { CommandContext } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { requireStandingMesh } from './load-mesh.ts';
import { openProgress, type ProgressView } from './render/progress.ts';
import { printStructured } from './render/structured.ts';
import { printFacts, verifyMesh } from './verification.ts';

export interface DayTwo {
  mesh: Mesh;
  clusters: ProvidedCluster[];
  progress: ProgressView;
}

/** @param work gives what was done, as a sentence and as data. @returns 1 when a fact does not hold afterwards */
export async function onStandingMesh(
  context: CommandContext,
  work: (day: DayTwo) => Promise<{ text: string; data: Record<string, unknown> }>,
): Promise<ExitCode> {
  const mesh = await requireStandingMesh(context);
  await using _lock = await lockHome(context.home);
  const progress = openProgress(context);
  try {
    const clusters = await findClusters(mesh, { home: context.home });
    const { text, data } = await work({ mesh, clusters, progress });
    const facts = await verifyMesh({ mesh, clusters, progress, context });
    progress.close();
    if (!(await printStructured(context, { ...data, verified: facts.ok, facts: facts.facts }))) {
      await printFacts(facts, context);
      context.out.write(`\n${text}\n`);
    }
    return facts.ok ? exitCodes.ok : exitCodes.failed;
  } finally {
    progress.close();
  }
}

/** Commands of two words take the second as an argument. @throws IsthmusError `cli.action` */
export function requireAction(command: string, given: string | undefined, actions: string[]): void {
  if (actions.includes(given ?? '')) return;
  throw new IsthmusError({
    code: 'cli.action',
    fault: 'user',
    what: `isthmus ${command} has no action "${given}"`,
    fix: `write ${actions.map((one) => `isthmus ${command} ${one}`).join(' or ')}`,
  });
}

/** @throws IsthmusError `cli.cluster` for a name that is no cluster of the mesh. */
export function requireCluster(mesh: Mesh, name: string): void {
  if (mesh.clusters.some((one) => one.name === name)) return;
  throw new IsthmusError({
    code: 'cli.cluster',
    fault: 'user',
    what: `there is no cluster "${name}"`,
    where: mesh.name,
    fix: `name one of: ${mesh.clusters.map((one) => one.name).join(', ')}`,
  });
}
