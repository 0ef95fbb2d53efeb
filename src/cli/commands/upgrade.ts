import { writeFile } from 'node:fs/promises';
import type { CommandSpec } from '../command.ts';
import { up } from './up.ts';

export const upgrade: CommandSpec = {
  name: 'upgrade',
  arguments: [{ name: '<revision>', description: 'the name of the new revision, such as 1-31-0' }],
  summary: 'move the mesh to another revision of the control plane, beside the one that runs',
  description:
    'States the revision in the mesh file and runs `up`: the new control plane is brought up beside the old one; only when it is ready in all clusters gateways and workloads are moved to it, by rolling restarts; and only when no proxy is served by the old one any more that is removed. Where the new one does not come up, nothing else has changed: run `isthmus upgrade` with the old revision (default for the first), and it is taken away. An interrupted upgrade goes on with `isthmus up`.',
  options: [
    { flags: '--version <version>', description: "of Istio's images" },
    { flags: '-y, --yes', description: 'do not ask before a change that requests may feel' },
    { flags: '--no-console', description: 'do not start the console' },
  ],
  formats: true,
  async run(context, [revision = ''], options) {
    const [{ readMeshFile }, spec, { InvalidMeshFile }, { requireTerminal }] = await Promise.all([
      import('../mesh-file.ts'),
      import('../../spec/index.ts'),
      import('../load-mesh.ts'),
      import('../planning.ts'),
    ]);
    const { path, text } = await readMeshFile(context);
    const changed = spec.setRevision(text, revision, options['version'] as string | undefined);
    const result = spec.parseMesh(changed, path);
    if ('problems' in result) throw new InvalidMeshFile(`${path}, with this change,`, result.problems);
    if (options['yes'] !== true) requireTerminal(context);
    await writeFile(path, changed);
    context.err.write(`${path} is changed.\n`);
    return up.run(context, [], options);
  },
};
