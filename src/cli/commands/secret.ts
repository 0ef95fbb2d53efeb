import type { CommandSpec } from '../command.ts';

export const secret: CommandSpec = {
  name: 'secret',
  arguments: [
    { name: '<action>', description: 'rotate' },
    { name: '[cluster]', description: 'only the token of this cluster' },
  ],
  summary: 'rotate the tokens by which istiods and Kiali read other clusters',
  description:
    'isthmus secret rotate asks each cluster for new tokens of its readers, puts them into the secrets of the primaries and of Kiali, and revokes the old ones. `isthmus status` shows how long tokens last. An interrupted rotation is brought to its end by the next `up`.',
  formats: true,
  async run(context, [action, only]) {
    const { onStandingMesh, requireAction, requireCluster } = await import('../day-two.ts');
    requireAction('secret', action, ['rotate']);
    const [{ requestTokens }, { reconcileMesh }, { trustFolder }] = await Promise.all([
      import('../../mesh/index.ts'),
      import('../reconciliation.ts'),
      import('../state.ts'),
    ]);
    return onStandingMesh(context, async ({ mesh, clusters, progress }) => {
      if (only) requireCluster(mesh, only);
      const stage = 'tokens';
      progress.update({ stage, state: 'working', detail: 'asking for new ones' });
      const rotated = await requestTokens({ mesh, clusters, ...(only ? { only: [only] } : {}) });
      progress.update({ stage, state: 'done', detail: rotated.join(', ') });
      await reconcileMesh({ mesh, clusters, trustFolder: trustFolder(context.home), progress, context });
      const text =
        rotated.length > 0
          ? `New tokens for ${rotated.join(', ')}; the old ones are revoked.`
          : 'No cluster is read from another: there is no token.';
      return { text, data: { rotated } };
    });
  },
};
