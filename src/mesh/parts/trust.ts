import { IsthmusError } from '../../errors/index.ts';
import { kinds, type Secret } from '../../kube/index.ts';
import { splitPem } from '../../pki/index.ts';
import type { MeshTrust } from '../../spec/index.ts';
import { type Part, type PartContext, systemNamespace } from '../part.ts';
import { type Bundle, bundleOf, printsOf, secretName, secretOf, signedBundle, whyUnfit } from './bundle.ts';
import { meshRoot, readPem, unfitFile } from './mesh-root.ts';

/** One root for the mesh and an intermediate for each cluster, in Secret cacerts. What is there and fits is kept as it is. */
export const trust: Part = {
  name: 'trust',
  applies: () => true,
  needs: (_, cluster) => [{ part: 'namespaces', cluster: cluster.name }],
  async desired(context) {
    const bundle = (await existingBundle(context)) ?? (await newBundle(context));
    // One that somebody else has made was found to fit when it was read.
    return [{ cluster: context.cluster.name, object: secretOf(bundle), fits: () => undefined }];
  },
  ready: async () => {},
};

/** The cluster's own bundle. @throws IsthmusError when it does not fit the mesh's root: it is never overwritten. */
async function existingBundle(context: PartContext): Promise<Bundle | undefined> {
  const { client, cluster } = context;
  const secret = await client.find<Secret>(kinds.Secret, secretName, systemNamespace);
  if (!secret) return undefined;
  const bundle = bundleOf(secret);
  const root = await meshRoot(context);
  // While the root is rotated a cluster may already be below the next one.
  const next = await context.trust.loadNext?.();
  const why = whyUnfit(bundle, root.certPem);
  if (next && whyUnfit(bundle, next.certPem) === undefined) return bundle;
  if (!why) return bundle;
  const isOfFiles = context.mesh.trust.source !== 'generated';
  if (isOfFiles && isOnTheWay(bundle, root.certPem)) return bundle;
  throw new IsthmusError({
    code: 'mesh.foreign-root',
    fault: 'user',
    what: `Secret ${secretName} does not fit the root of this mesh`,
    where: `${cluster.name}/${systemNamespace}/${secretName}`,
    why,
    fix: [
      ...(isOfFiles
        ? ['if spec.trust.files hold the root that is to follow: isthmus ca rotate --root -f mesh.yaml']
        : []),
      `name its root under spec.trust.files in mesh.yaml, or delete it: kubectl --context ${cluster.name} -n ${systemNamespace} delete secret ${secretName}`,
    ].join('\nelse '),
  });
}

/** Whether it hangs below one root of its own and trusts the files' too, as while the root of files is rotated. */
function isOnTheWay(bundle: Bundle, filesRoot: string): boolean {
  const roots = splitPem(bundle['root-cert.pem']);
  const prints = roots.flatMap(printsOf);
  return prints.includes(printsOf(filesRoot)[0]!) && roots.some((pem) => whyUnfit(bundle, pem) === undefined);
}

async function newBundle(context: PartContext): Promise<Bundle> {
  const settings = context.mesh.trust;
  return settings.source === 'intermediates'
    ? bundleOfFiles(context.cluster.name, settings)
    : bundleOfRoot(context, settings);
}

/** A cluster's own intermediate. @throws IsthmusError `mesh.no-intermediate`, or `mesh.trust-file` for one that does not fit its root */
export async function bundleOfFiles(
  name: string,
  settings: Extract<MeshTrust, { source: 'intermediates' }>,
): Promise<Bundle> {
  const files = settings.clusters[name];
  if (!files)
    throw new IsthmusError({
      code: 'mesh.no-intermediate',
      fault: 'user',
      what: `spec.trust.files.clusters has no entry for ${name}`,
      where: name,
      fix: `name caCert, caKey and certChain of ${name} there`,
    });
  const [caCert, caKey, chain, root] = await Promise.all(
    [files.caCert, files.caKey, files.certChain, settings.rootCert].map(readPem),
  );
  const bundle = { 'ca-cert.pem': caCert!, 'ca-key.pem': caKey!, 'cert-chain.pem': chain!, 'root-cert.pem': root! };
  const why = whyUnfit(bundle, root!);
  if (why) throw unfitFile(files.caCert, why);
  return bundle;
}

async function bundleOfRoot(
  context: PartContext,
  settings: Exclude<MeshTrust, { source: 'intermediates' }>,
): Promise<Bundle> {
  const { name } = context.cluster;
  const { certPem, keyPem } = await meshRoot(context);
  if (!keyPem)
    throw new IsthmusError({
      code: 'mesh.no-root-key',
      what: `${name} needs an intermediate, and the key of the mesh's root is not in the state folder`,
      where: `${name}/${systemNamespace}/${secretName}`,
      why: 'other clusters have intermediates of a root that was made elsewhere, or whose files were lost',
      fix: 'name the root and its key under spec.trust.files in mesh.yaml, or bring the state folder back',
    });
  return signedBundle({ certPem, keyPem }, name, settings.intermediateDays);
}
