/** What `up` would do, as `plan` tells it and as `up` itself shows it before it touches what carries traffic. */
import { createInterface } from 'node:readline/promises';
import { worldStatus } from '../embedded/world/index.ts';
import { IsthmusError } from '../errors/index.ts';
import { carriesTraffic, type Plan, type PlannedCommand, planMesh } from '../mesh/index.ts';
import { findClusters, findManagement, type ProvidedCluster, planTools, withAddresses } from '../providers/index.ts';
import { isEmbedded, type Mesh, type MeshCluster } from '../spec/index.ts';
import type { CommandContext } from './context.ts';
import { leavingClusters } from './leaving.ts';
import { renderPlan } from './render/plan.ts';
import type { ProgressView } from './render/progress.ts';
import { styleFor } from './render/style.ts';
import { trustFolder } from './state.ts';
import { trustStoreIn } from './trust-store.ts';

export interface FullPlan extends Plan {
  /** Clusters that are not running and would be made or started; their objects are planned as if nothing were in them yet. */
  starts: string[];
  /** Clusters that the mesh file names no more, which are taken away. */
  ends: string[];
}

/** @throws what `planMesh` throws, and what looking for clusters throws where existing ones do not answer. */
export async function readPlan(mesh: Mesh, context: CommandContext, progress: ProgressView): Promise<FullPlan> {
  progress.update({ stage: 'plan', state: 'working', detail: 'asking the clusters' });
  const { running, clusters: known } = await worldStatus(context.home);
  const runs = (name: string): boolean => running && known.some((one) => one.name === name);
  const tools = await planTools(mesh, { env: context.env, signal: context.signal });
  const isThere = (one: MeshCluster): boolean =>
    isEmbedded(one) ? runs(one.name) : (tools.find(({ cluster }) => cluster === one.name)?.runs ?? true);
  const starts = mesh.clusters.filter((one) => !isThere(one)).map((one) => one.name);
  const clusters = await findClusters({ ...mesh, clusters: mesh.clusters.filter(isThere) }, { home: context.home });
  const plan = await planOf(withAddresses(mesh, clusters), clusters, context);
  progress.update({ stage: 'plan', state: 'done' });
  const ends = (await leavingClusters(mesh, context.home)).map((one) => one.name);
  const commands = [...tools.flatMap(ofTool), ...plan.commands];
  const changes = plan.changes || starts.length > 0 || ends.length > 0 || commands.some((one) => one.changes);
  return { starts, ends, ...plan, commands, changes };
}

const ofTool = ({ cluster, commands }: Awaited<ReturnType<typeof planTools>>[number]): PlannedCommand[] =>
  commands.map((one) => ({ part: 'cluster', cluster, ...one, changes: true }));

const planOf = async (mesh: Mesh, clusters: ProvidedCluster[], context: CommandContext): Promise<Plan> =>
  planMesh({
    mesh,
    clusters: [...clusters, ...(await findManagement(mesh, context.env))],
    trust: trustStoreIn(trustFolder(context.home)),
    signal: context.signal,
  });

/**
 * Shows what would change of what carries traffic, and asks. A mesh that is new, or as it should be, is no question.
 * @throws IsthmusError `cli.confirm` when nobody can be asked, `cli.declined` when the answer is no.
 */
export async function confirmChanges(options: {
  mesh: Mesh;
  clusters: ProvidedCluster[];
  /** Clusters that will be taken away. */
  ends: string[];
  yes: boolean;
  progress: ProgressView;
  context: CommandContext;
}): Promise<void> {
  const { mesh, clusters, ends, yes, progress, context } = options;
  if (yes) return;
  progress.update({ stage: 'plan', state: 'working', detail: 'comparing with what stands' });
  const plan = await planOf(mesh, clusters, context);
  const felt = plan.objects.filter(carriesTraffic);
  const count = felt.length + ends.length;
  progress.update({ stage: 'plan', state: count > 0 ? 'waiting' : 'done', detail: tell(count) });
  if (count === 0) return;
  progress.pause();
  context.err.write(`${renderPlan({ ...plan, starts: [], ends }, styleFor(context.err, context.env), false)}\n`);
  if (!(await isConfirmed(context))) throw declined();
  progress.resume();
}

const tell = (count: number): string =>
  count === 0 ? 'nothing that requests would feel' : `${count} changes that requests may feel`;

/** @throws IsthmusError `cli.confirm` */
export function requireTerminal({ input, err }: CommandContext): NonNullable<CommandContext['input']> {
  if (!input?.isTTY || !err.isTTY)
    throw new IsthmusError({
      code: 'cli.confirm',
      fault: 'user',
      what: 'the mesh stands, and this would change what carries its traffic',
      why: 'there is no terminal on which to ask',
      fix: 'look at it: isthmus plan\nthen allow it: isthmus up --yes (or the same command with --yes)',
    });
  return input;
}

async function isConfirmed(context: CommandContext): Promise<boolean> {
  const input = requireTerminal(context);
  const terminal = createInterface({ input, output: context.err as unknown as NodeJS.WritableStream });
  try {
    const answer = await terminal.question('Make these changes? [y/N] ', { signal: context.signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

const declined = (): IsthmusError =>
  new IsthmusError({
    code: 'cli.declined',
    fault: 'user',
    what: 'nothing was changed',
    fix: 'change mesh.yaml, or run `isthmus up` again and answer y',
  });
