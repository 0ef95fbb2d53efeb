/**
 * A new root of trust without a request that fails: first both roots are trusted everywhere, then intermediates and workloads hang below
 * the new one, then the old one is trusted no more. Each step is begun only when all proxies have followed the one before. Where it stands
 * is read from the clusters, so that an interrupted rotation goes on.
 */
import { IsthmusError } from '../../errors/index.ts';
import { createRoot, type KeyPair, readCertificate, splitPem, verifyChain } from '../../pki/index.ts';
import { type Bundle, printsOf, signedBundle } from '../parts/bundle.ts';
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

const rootSteps = [
  'both roots are trusted',
  'certificates hang below the new root',
  'the old root is removed',
] as const;

/** @returns the fingerprint of the new root. @throws IsthmusError for a root that is not ours to make, or a step that stands still. */
export function rotateRoot(options: RotationOptions): Promise<string> {
  return withClients(options, async (run) => {
    const next = await nextRoot(run);
    await overlap(run, next);
    await reissue(run, next);
    await removeOld(run, next);
    await run.trust.save(next);
    await run.trust.saveNext(undefined);
    return readCertificate(next.certPem).fingerprint;
  });
}

async function nextRoot({ mesh, trust, clients }: RotationRun): Promise<KeyPair> {
  if (mesh.trust.source !== 'generated')
    throw new IsthmusError({
      code: 'mesh.root-of-files',
      fault: 'user',
      what: 'the root of this mesh is yours, and Isthmus makes no other in its place',
      where: 'spec.trust.files',
      fix: 'rotate it where it was made; Isthmus rotates roots that it has generated (spec.trust.generated)',
    });
  await Promise.all(clients.map(readBundle));
  const begun = await trust.loadNext();
  if (begun) return begun;
  const next = await createRoot({ commonName: 'Root CA', organization: 'Istio', days: mesh.trust.rootDays });
  await trust.saveNext(next);
  return next;
}

const isBelow = (bundle: Bundle, { certPem }: KeyPair): boolean =>
  verifyChain({ leafPem: bundle['ca-cert.pem'], intermediatesPem: bundle['cert-chain.pem'], rootPem: certPem }).ok;

const without = (roots: string, { certPem }: KeyPair): string =>
  splitPem(roots)
    .filter((pem) => printsOf(pem)[0] !== printsOf(certPem)[0])
    .join('');

/** Step one. The old root stays the first while it signs. */
async function overlap(run: RotationRun, next: KeyPair): Promise<void> {
  const [step] = rootSteps;
  const bundles = await Promise.all(run.clients.map(readBundle));
  // Whoever is below the new root already was in the overlap before.
  if (bundles.every((bundle) => isBelow(bundle, next))) return run.progress?.(step, 'done');
  run.progress?.(step, 'working');
  const old = without(bundles.find((bundle) => !isBelow(bundle, next))!['root-cert.pem'], next);
  if (bundles.every((bundle) => !isBelow(bundle, next))) {
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
async function reissue(run: RotationRun, next: KeyPair): Promise<void> {
  const [, step] = rootSteps;
  const { trust } = run.mesh;
  run.progress?.(step, 'working');
  const bundles = await Promise.all(run.clients.map(readBundle));
  const old = without(bundles.map((bundle) => bundle['root-cert.pem']).sort((a, b) => b.length - a.length)[0]!, next);
  if (old === '') return run.progress?.(step, 'done'); // an earlier run has come as far as the removal
  const both = next.certPem + old;
  const days = trust.source === 'generated' ? trust.intermediateDays : 730;
  await Promise.all(
    run.clients.map(async (client, index) => {
      const bundle = bundles[index]!;
      const signed = isBelow(bundle, next) ? bundle : await signedBundle(next, client.name, days);
      await writeBundle(client, { ...signed, 'root-cert.pem': both });
    }),
  );
  await untilGiven(run, step, both);
  await untilProxies(run, step, (proxy) =>
    hangsBelow(proxy, next.certPem) ? undefined : 'its certificate is still of the old root',
  );
}

/** Step three. */
async function removeOld(run: RotationRun, next: KeyPair): Promise<void> {
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
