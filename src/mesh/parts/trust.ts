import { IsthmusError } from '../../errors/index.ts';
import { kinds, type Secret } from '../../kube/index.ts';
import { createIntermediate, keyMatches, readCertificate, splitPem, verifyChain } from '../../pki/index.ts';
import type { MeshTrust } from '../../spec/index.ts';
import { type Part, type PartContext, systemNamespace } from '../part.ts';
import { meshRoot, readPem, secretName, unfitFile } from './mesh-root.ts';

/** Istio's names of the files of a plugged-in CA. */
interface Bundle {
  'ca-cert.pem': string;
  'ca-key.pem': string;
  'root-cert.pem': string;
  'cert-chain.pem': string;
}

/** One root for the mesh and an intermediate for each cluster, in Secret cacerts. What is there and fits is kept as it is. */
export const trust: Part = {
  name: 'trust',
  applies: () => true,
  needs: (_, cluster) => [{ part: 'namespaces', cluster: cluster.name }],
  async desired(context) {
    const bundle = (await existingBundle(context)) ?? (await newBundle(context));
    const data = Object.fromEntries(
      Object.entries(bundle).map(([name, pem]) => [name, Buffer.from(pem).toString('base64')]),
    );
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: { name: secretName, namespace: systemNamespace },
      data,
    };
    // One that somebody else has made was found to fit when it was read.
    return [{ cluster: context.cluster.name, object, fits: () => undefined }];
  },
  ready: async () => {},
};

/** The cluster's own bundle. @throws IsthmusError when it does not fit the mesh's root: it is never overwritten. */
async function existingBundle(context: PartContext): Promise<Bundle | undefined> {
  const { client, cluster } = context;
  const secret = await client.find<Secret>(kinds.Secret, secretName, systemNamespace);
  if (!secret) return undefined;
  const read = (name: string): string => Buffer.from(secret.data?.[name] ?? '', 'base64').toString('utf8');
  const bundle: Bundle = {
    'ca-cert.pem': read('ca-cert.pem'),
    'ca-key.pem': read('ca-key.pem'),
    'root-cert.pem': read('root-cert.pem'),
    'cert-chain.pem': read('cert-chain.pem'),
  };
  const why = whyUnfit(bundle, (await meshRoot(context)).certPem);
  if (!why) return bundle;
  throw new IsthmusError({
    code: 'mesh.foreign-root',
    fault: 'user',
    what: `Secret ${secretName} does not fit the root of this mesh`,
    where: `${cluster.name}/${systemNamespace}/${secretName}`,
    why,
    fix: `name its root under spec.trust.files in mesh.yaml, or delete it: kubectl --context ${cluster.name} -n ${systemNamespace} delete secret ${secretName}`,
  });
}

/** What Istio would not take, or proxies of other clusters would not trust. */
export function whyUnfit(bundle: Bundle, meshRootPem: string): string | undefined {
  const chained = verifyChain({
    leafPem: bundle['ca-cert.pem'],
    intermediatesPem: bundle['cert-chain.pem'],
    rootPem: meshRootPem,
  });
  if (!chained.ok) return chained.why;
  if (!keyMatches(bundle['ca-cert.pem'], bundle['ca-key.pem'])) return 'ca-key.pem is not the key of ca-cert.pem';
  if (!readCertificate(bundle['ca-cert.pem']).isCa) return 'ca-cert.pem is not the certificate of a CA';
  const roots = splitPem(bundle['root-cert.pem']).map((pem) => readCertificate(pem).fingerprint);
  const isThere = roots.includes(readCertificate(meshRootPem).fingerprint);
  return isThere ? undefined : 'its root-cert.pem, which proxies are given, is another one';
}

async function newBundle(context: PartContext): Promise<Bundle> {
  const settings = context.mesh.trust;
  return settings.source === 'intermediates' ? bundleOfFiles(context, settings) : signedBundle(context, settings);
}

async function bundleOfFiles(
  context: PartContext,
  settings: Extract<MeshTrust, { source: 'intermediates' }>,
): Promise<Bundle> {
  const { name } = context.cluster;
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

async function signedBundle(
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
  const intermediate = await createIntermediate(
    { certPem, keyPem },
    {
      commonName: 'Intermediate CA',
      organization: 'Istio',
      locality: name,
      days: settings.intermediateDays,
      dnsNames: [`istiod.${systemNamespace}.svc`],
    },
  );
  return {
    'ca-cert.pem': intermediate.certPem,
    'ca-key.pem': intermediate.keyPem,
    'root-cert.pem': certPem,
    'cert-chain.pem': intermediate.certPem + certPem,
  };
}
