import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { openProgress } from '../render/progress.ts';
import { printStructured } from '../render/structured.ts';
import { styleFor } from '../render/style.ts';

export const plan: CommandSpec = {
  name: 'plan',
  summary: 'show what up would create, change and remove, and change nothing',
  description:
    'Shows for each cluster every object that `up` would create, change (field by field, by a dry run of the API server) or remove, and each program that it would run. Values of Secrets are not shown. Ends with 0 when there is nothing to do, with 2 when there is something, and with 1 when it cannot be said.',
  options: [{ flags: '--all', description: 'list also what is as it should be' }],
  formats: true,
  async run(context, _args, options) {
    const [{ loadMesh }, { readPlan }, { renderPlan }] = await Promise.all([
      import('../load-mesh.ts'),
      import('../planning.ts'),
      import('../render/plan.ts'),
    ]);
    context.badInput = exitCodes.failed;
    const { mesh } = await loadMesh(context);
    const progress = openProgress(context);
    const found = await readPlan(mesh, context, progress).finally(() => progress.close());
    if (!(await printStructured(context, found)))
      context.out.write(`${renderPlan(found, styleFor(context.out, context.env), options['all'] === true)}\n`);
    return found.changes ? exitCodes.changes : exitCodes.ok;
  },
};
