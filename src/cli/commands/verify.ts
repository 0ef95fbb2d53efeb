import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { openProgress } from '../render/progress.ts';

export const verify: CommandSpec = {
  name: 'verify',
  summary: 'prove that the mesh works: traffic, identities, refusals, metrics',
  description:
    'Sends real traffic through the mesh and reads what was measured, one line for each fact. Ends with 1 when a fact does not hold or could not be measured.',
  formats: true,
  async run(context) {
    const [{ requireStandingMesh }, { findClusters }, { verifyMesh, printFacts }] = await Promise.all([
      import('../load-mesh.ts'),
      import('../../providers/index.ts'),
      import('../verification.ts'),
    ]);
    const mesh = await requireStandingMesh(context);
    const clusters = await findClusters(mesh, { home: context.home });
    const progress = openProgress(context);
    const result = await verifyMesh({ mesh, clusters, progress, context }).finally(() => progress.close());
    await printFacts(result, context);
    return result.ok ? exitCodes.ok : exitCodes.failed;
  },
};
