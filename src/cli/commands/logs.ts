import type { CommandSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';

export const logs: CommandSpec = {
  name: 'logs',
  arguments: [
    { name: '<cluster>', description: 'a cluster, or "supervisor" for the process that keeps the clusters running' },
    {
      name: '[pod]',
      description:
        'namespace/pod, or namespace/ and the beginning of its name; without it, the log of the cluster itself',
    },
  ],
  summary: "print the log of a cluster's own process, or of a pod",
  options: [
    { flags: '-c, --container <name>', description: 'which container of the pod' },
    { flags: '-f, --follow', description: 'go on as lines come' },
    { flags: '-n, --lines <number>', description: 'how many of the last lines (default: 100)' },
  ],
  async run(context, [cluster = '', pod], options) {
    const lines = await lineCount(options['lines']);
    const follow = Boolean(options['follow']);
    if (pod === undefined) {
      const { printFile } = await import('../follow-file.ts');
      await printFile(await componentLog(context, cluster), {
        lines,
        follow,
        out: context.out,
        signal: context.signal,
      });
      return exitCodes.ok;
    }
    const { printPodLog } = await import('../pod-log.ts');
    const container = options['container'] as string | undefined;
    await printPodLog(await clusterNamed(context, cluster), pod, { container, lines, follow, context });
    return exitCodes.ok;
  },
};

async function lineCount(given: unknown): Promise<number> {
  if (given === undefined) return 100;
  if (/^\d+$/.test(String(given))) return Number(given);
  const { IsthmusError } = await import('../../errors/index.ts');
  throw new IsthmusError({
    code: 'cli.arguments',
    fault: 'user',
    what: `"${given}" is not a number of lines`,
    fix: 'write, for example, --lines 200',
  });
}

async function componentLog(context: CommandContext, name: string): Promise<string> {
  const { clusterPaths } = await import('../../embedded/world/index.ts');
  const { join } = await import('node:path');
  if (name === 'supervisor') return join(context.home, 'world.log');
  await clusterNamed(context, name);
  return clusterPaths(context.home, name).log;
}

async function clusterNamed(context: CommandContext, name: string) {
  const [{ requireStandingMesh }, { IsthmusError }] = await Promise.all([
    import('../load-mesh.ts'),
    import('../../errors/index.ts'),
  ]);
  const mesh = await requireStandingMesh(context);
  const cluster = mesh.clusters.find((candidate) => candidate.name === name);
  if (cluster) return { mesh, cluster };
  throw new IsthmusError({
    code: 'cli.arguments',
    fault: 'user',
    what: `there is no cluster "${name}"`,
    fix: `name one of: ${[...mesh.clusters.map((one) => one.name), 'supervisor'].join(', ')}`,
  });
}
