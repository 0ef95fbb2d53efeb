/**
 * A new root of trust without a request that fails: first both roots are trusted everywhere, then intermediates and workloads hang below
 * the new one, then the old one is trusted no more. Each step is begun only when all proxies have followed the one before. Where it stands
 * is read from the clusters, so that an interrupted rotation goes on.
 */
import { readCertificate, splitPem } from '../../pki/index.ts';
import { printsOf } from '../parts/bundle.ts';
import {
  hangsBelow,
  type RotationOptions,
  type RotationRun,
  readBundle,
  trusts,
  untilGiven,
  untilProxies,
  withClients,
  writeBundle,
} from './run.ts';
import { isBelow, type Successor, successor } from './successor.ts';

const rootSteps = [
  'both roots are trusted',
  'certificates hang below the new root',
  'the old root is removed',
] as const;

/** @returns the fingerprint of the new root. @throws IsthmusError for files that hold no other root, or a step that stands still. */
export function rotateRoot(options: RotationOptions): Promise<string> {
  return withClients(options, async (run) => {
    const next = await successor(run);
    await overlap(run, next);
    await reissue(run, next);
    await removeOld(run, next);
    await next.take();
    return readCertificate(next.certPem).fingerprint;
  });
}

const without = (roots: string, { certPem }: Successor): string =>
  splitPem(roots)
    .filter((pem) => printsOf(pem)[0] !== printsOf(certPem)[0])
    .join('');

/** Step one. The old root stays the first while it signs. */
async function overlap(run: RotationRun, next: Successor): Promise<void> {
  const [step] = rootSteps;
  const bundles = await Promise.all(run.clients.map(readBundle));
  // Whoever is below the new root already was in the overlap before.
  if (bundles.every((bundle) => isBelow(bundle, next.certPem))) return run.progress?.(step, 'done');
  run.progress?.(step, 'working');
  const old = without(bundles.find((bundle) => !isBelow(bundle, next.certPem))!['root-cert.pem'], next);
  if (bundles.every((bundle) => !isBelow(bundle, next.certPem))) {
    const both = old + next.certPem;
    await Promise.all(
      run.clients.map((client, index) => writeBundle(client, { ...bundles[index]!, 'root-cert.pem': both })),
    );
    await untilGiven(run, step, both);
  }
  await untilProxies(run, step, (proxy) =>
    trusts(proxy, next.certPem) ? undefined : 'it does not trust the new root yet',
  );
}

/**
 * Step two. The new root becomes the first of the two, which is a change of istio-ca-root-cert: agents that follow it ask for a new
 * certificate at once.
 */
async function reissue(run: RotationRun, next: Successor): Promise<void> {
  const [, step] = rootSteps;
  run.progress?.(step, 'working');
  const bundles = await Promise.all(run.clients.map(readBundle));
  const old = without(bundles.map((bundle) => bundle['root-cert.pem']).sort((a, b) => b.length - a.length)[0]!, next);
  if (old === '') return run.progress?.(step, 'done'); // an earlier run has come as far as the removal
  const both = next.certPem + old;
  await Promise.all(
    run.clients.map(async (client, index) => {
      const bundle = bundles[index]!;
      const signed = isBelow(bundle, next.certPem) ? bundle : await next.bundleOf(client.name);
      await writeBundle(client, { ...signed, 'root-cert.pem': both });
    }),
  );
  await untilGiven(run, step, both);
  await untilProxies(run, step, (proxy) =>
    hangsBelow(proxy, next.certPem) ? undefined : 'its certificate is still of the old root',
  );
}

/** Step three. */
async function removeOld(run: RotationRun, next: Successor): Promise<void> {
  const [, , step] = rootSteps;
  run.progress?.(step, 'working');
  await Promise.all(
    run.clients.map(async (client) =>
      writeBundle(client, { ...(await readBundle(client)), 'root-cert.pem': next.certPem }),
    ),
  );
  await untilGiven(run, step, next.certPem);
  const [print] = printsOf(next.certPem);
  await untilProxies(run, step, ({ roots }) =>
    roots.flatMap(printsOf).every((one) => one === print) ? undefined : 'it still trusts the old root',
  );
}
