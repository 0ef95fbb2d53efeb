/** The root that is to follow, and where a cluster's intermediate below it comes from: made here, or the user's own files. */
import { IsthmusError } from '../../errors/index.ts';
import { createRoot, readCertificate, splitPem, verifyChain } from '../../pki/index.ts';
import type { MeshTrust } from '../../spec/index.ts';
import { type Bundle, printsOf, signedBundle } from '../parts/bundle.ts';
import { rootOf } from '../parts/mesh-root.ts';
import { bundleOfFiles } from '../parts/trust.ts';
import { proxiesOf } from './proxies.ts';
import { type RotationRun, readBundle } from './run.ts';

export interface Successor {
  certPem: string;
  bundleOf(cluster: string): Promise<Bundle>;
  /** To be called when nothing hangs below the old root any more. */
  take(): Promise<void>;
}

/** @throws IsthmusError `mesh.root-unchanged` where the user's files hold the root that the mesh has, and nothing waits for it. */
export async function successor(run: RotationRun): Promise<Successor> {
  const { mesh } = run;
  const bundles = await Promise.all(run.clients.map(readBundle));
  if (mesh.trust.source === 'generated') return generated(run, mesh.trust);
  const next = await ofFiles(run);
  const isOver = bundles.every(
    (bundle) => isBelow(bundle, next.certPem) && isOnly(bundle['root-cert.pem'], next.certPem),
  );
  if (isOver && !(await isAwaited(run, next.certPem))) throw unchanged(mesh.trust);
  return next;
}

async function generated(
  { trust }: RotationRun,
  settings: Extract<MeshTrust, { source: 'generated' }>,
): Promise<Successor> {
  const begun = await trust.loadNext();
  const root = begun ?? (await createRoot({ commonName: 'Root CA', organization: 'Istio', days: settings.rootDays }));
  if (!begun) await trust.saveNext(root);
  return {
    certPem: root.certPem,
    bundleOf: (cluster) => signedBundle(root, cluster, settings.intermediateDays),
    async take() {
      await trust.save(root);
      await trust.saveNext(undefined);
    },
  };
}

/** Everything is read before anything is changed, so that a file that does not fit is told first. */
async function ofFiles({ mesh, trust }: RotationRun): Promise<Successor> {
  const settings = mesh.trust;
  const root = await rootOf(settings, trust);
  const certPem = root!.certPem;
  const ready = new Map<string, Bundle>();
  for (const { name } of mesh.clusters) {
    if (settings.source === 'intermediates') ready.set(name, await bundleOfFiles(name, settings));
    else if (settings.source === 'root')
      ready.set(name, await signedBundle({ certPem, keyPem: root!.keyPem! }, name, settings.intermediateDays));
  }
  // What is the user's is not kept beside the user's files.
  return { certPem, bundleOf: async (cluster) => ready.get(cluster)!, take: async () => {} };
}

export const isBelow = (bundle: Bundle, rootPem: string): boolean =>
  verifyChain({ leafPem: bundle['ca-cert.pem'], intermediatesPem: bundle['cert-chain.pem'], rootPem }).ok;

const isOnly = (roots: string, rootPem: string): boolean =>
  splitPem(roots).every((pem) => printsOf(pem)[0] === readCertificate(rootPem).fingerprint);

/** Whether a rotation that was interrupted still has proxies to wait for. */
async function isAwaited({ clients, signal }: RotationRun, rootPem: string): Promise<boolean> {
  const proxies = (await Promise.all(clients.map((client) => proxiesOf(client, signal)))).flat();
  return proxies.some(({ roots }) => roots.some((pem) => !isOnly(pem, rootPem)));
}

function unchanged({ source }: MeshTrust): IsthmusError {
  return new IsthmusError({
    code: 'mesh.root-unchanged',
    fault: 'user',
    what: 'the files hold the root that the mesh has already',
    where: 'spec.trust.files',
    fix:
      source === 'root'
        ? 'put the new root and its key in their place, or name other files in mesh.yaml (isthmus ca rotate --root -f mesh.yaml), then run it again'
        : "put the new root and each cluster's intermediate below it in their place, or name other files in mesh.yaml (isthmus ca rotate --root -f mesh.yaml), then run it again",
  });
}
