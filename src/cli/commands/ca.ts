import type { CommandSpec } from '../command.ts';

export const ca: CommandSpec = {
  name: 'ca',
  arguments: [{ name: '<action>', description: 'rotate' }],
  summary: 'rotate the intermediates of all clusters, or with --root the root of trust',
  description:
    'isthmus ca rotate signs a new intermediate for each cluster, by the same root. With --root the root itself is replaced: first both roots are trusted everywhere, then all certificates hang below the new one, then the old one is trusted no more. No request fails in between. With your own files (spec.trust.files) the new root or the new intermediates are those that the files hold now. An interrupted rotation goes on where it stood when the same command is run again.',
  options: [{ flags: '--root', description: 'replace the root too' }],
  formats: true,
  async run(context, [action], options) {
    const { onStandingMesh, requireAction } = await import('../day-two.ts');
    requireAction('ca', action, ['rotate']);
    const [{ rotateIntermediates, rotateRoot }, { trustStoreIn }, { recordTrust, trustFolder }] = await Promise.all([
      import('../../mesh/index.ts'),
      import('../trust-store.ts'),
      import('../state.ts'),
    ]);
    return onStandingMesh(context, async ({ mesh, clusters, progress }) => {
      const rotation = {
        mesh,
        clusters,
        trust: trustStoreIn(trustFolder(context.home)),
        signal: context.signal,
        progress: (step: string, state: 'working' | 'waiting' | 'done', detail?: string) =>
          progress.update({ stage: step, state, detail }),
      };
      if (options['root']) {
        const root = await rotateRoot(rotation);
        await recordTrust(context, mesh);
        return { text: `The root of trust is now ${root.slice(0, 16)}.`, data: { root } };
      }
      const ends = await rotateIntermediates(rotation);
      await recordTrust(context, mesh);
      const days = [...ends].map(([cluster, end]) => ({ cluster, notAfter: end.toISOString() }));
      const text = days.map(({ cluster, notAfter }) => `${cluster} until ${notAfter.slice(0, 10)}`).join(', ');
      return {
        text: `New intermediates: ${text}. Workloads get certificates of them at half of their certificates' life.`,
        data: { intermediates: days },
      };
    });
  },
};
