import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { kubeconfigOptions, openObserver } from '../observed.ts';
import { printStructured } from '../render/structured.ts';
import { styleFor } from '../render/style.ts';

export const graph: CommandSpec = {
  name: 'graph',
  summary: 'show who speaks to whom over all clusters, and how well',
  description:
    "Shows the traffic of the last minutes as a table, one line for each edge of the graph. With -o json it is the graph in Kiali's form, as the console shows it. A cluster or Prometheus that gives no answer is named, and the rest is shown.",
  options: [
    { flags: '--duration <time>', description: 'range over which rates are taken, as in 30s, 10m (default: 1m)' },
    { flags: '--namespaces <names>', description: 'only these namespaces, comma-separated (default: all)' },
    { flags: '--type <type>', description: 'workload, app, versionedApp or service (default: workload)' },
    ...kubeconfigOptions,
  ],
  formats: true,
  async run(context, _args, options) {
    const { readGraph, renderGraph } = await import('../traffic.ts');
    const { observer } = await openObserver(context, options);
    await using _observer = observer;
    const found = await readGraph(observer, options);
    if (!(await printStructured(context, found)))
      context.out.write(`${renderGraph(found, styleFor(context.out, context.env))}\n`);
    return found.problems.length > 0 ? exitCodes.failed : exitCodes.ok;
  },
};
