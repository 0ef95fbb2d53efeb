/** The console of the mesh that `up` makes. */
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { messageOf } from '../errors/index.ts';
import type { ProvidedCluster } from '../providers/index.ts';
import type { Mesh } from '../spec/index.ts';
import { consoleLog, ensureConsole, type StartedConsole } from './console-process.ts';
import type { CommandContext } from './context.ts';
import { mergedKubeconfig } from './merged-kubeconfig.ts';
import { meshKubeconfig } from './observed.ts';
import type { ProgressView } from './render/progress.ts';
import { writePrivate } from './state.ts';

export interface MeshConsoleOptions {
  mesh: Mesh;
  clusters: ProvidedCluster[];
  context: CommandContext;
  progress: ProgressView;
}

/** A mesh without its console is a mesh: that it does not start is told and is no failure. */
export async function startMeshConsole(options: MeshConsoleOptions): Promise<StartedConsole | undefined> {
  const { progress } = options;
  progress.update({ stage: 'console', state: 'working', detail: 'starting' });
  try {
    return await start(options);
  } catch (error) {
    progress.update({ stage: 'console', state: 'failed', detail: messageOf(error) });
    return undefined;
  }
}

async function start({ mesh, clusters, context, progress }: MeshConsoleOptions): Promise<StartedConsole | undefined> {
  const { home, env, signal } = context;
  const own = meshKubeconfig(home);
  await writePrivate(own, await mergedKubeconfig(clusters));
  // Of clusters that a kubeconfig knows, that file is followed itself: what credential plugins give does not last.
  const existing = mesh.clusters.map((one) => one.provider).filter((one) => one.type === 'existing');
  const usual = env['KUBECONFIG'] || join(env['HOME'] || homedir(), '.kube/config');
  const files = [...new Set(existing.map((one) => one.kubeconfig ?? usual)), own];
  const contexts = [...existing.map((one) => one.context), ...clusters.map((one) => one.name)];
  const found = await ensureConsole({ home, kubeconfig: files.join(delimiter), contexts, env, signal });
  if (found)
    progress.update({
      stage: 'console',
      state: found.started ? 'done' : 'unchanged',
      detail: `${found.url}${found.started ? '' : ' runs already'}`,
    });
  else if (!signal.aborted)
    progress.update({ stage: 'console', state: 'failed', detail: `it does not answer; see ${consoleLog(home)}` });
  return found;
}
