import { readFile } from 'node:fs/promises';
import { IsthmusError } from '../../errors/index.ts';
import { kinds, type Secret } from '../../kube/index.ts';
import { createIntermediate, createRoot, type KeyPair, keyMatches, verifyChain } from '../../pki/index.ts';
import type { Mesh } from '../../spec/index.ts';
import { here, type Part, type PartContext, systemNamespace } from '../part.ts';

const secretName = 'cacerts';

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
    const known = await existingBundle(context);
    const bundle = known ?? (await makeBundle(context));
    const data = Object.fromEntries(
      Object.entries(bundle).map(([name, pem]) => [name, Buffer.from(pem).toString('base64')]),
    );
    return here(context, [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'Opaque',
        metadata: { name: secretName, namespace: systemNamespace },
        data,
      },
    ]);
  },
  ready: async () => {},
};

/** The cluster's own bundle, if it hangs below the mesh's root. @throws IsthmusError when it is of another root: it is never overwritten. */
async function existingBundle(context: PartContext): Promise<Bundle | undefined> {
  const secret = await context.client.find<Secret>(kinds.Secret, secretName, systemNamespace);
  if (!secret) return undefined;
  const read = (name: string): string => Buffer.from(secret.data?.[name] ?? '', 'base64').toString('utf8');
  const bundle: Bundle = {
    'ca-cert.pem': read('ca-cert.pem'),
    'ca-key.pem': read('ca-key.pem'),
    'root-cert.pem': read('root-cert.pem'),
    'cert-chain.pem': read('cert-chain.pem'),
  };
  const root = await rootCertificate(context.mesh, context);
  const chained = verifyChain({
    leafPem: bundle['ca-cert.pem'],
    intermediatesPem: bundle['cert-chain.pem'],
    rootPem: root,
  });
  const matching = keyMatches(bundle['ca-cert.pem'], bundle['ca-key.pem']);
  if (chained.ok && matching) return bundle;
  throw new IsthmusError({
    code: 'mesh.foreign-root',
    fault: 'user',
    what: `Secret ${secretName} does not fit the root of this mesh`,
    where: `${context.cluster.name}/${systemNamespace}/${secretName}`,
    why: chained.ok ? 'its key does not belong to its certificate' : chained.why,
    fix: `name its root under spec.trust.files in mesh.yaml, or delete it: kubectl --context ${context.cluster.name} -n ${systemNamespace} delete secret ${secretName}`,
  });
}

async function makeBundle(context: PartContext): Promise<Bundle> {
  const { mesh, cluster } = context;
  const settings = mesh.trust;
  if (settings.source === 'intermediates') {
    const files = settings.clusters[cluster.name];
    if (!files)
      throw new IsthmusError({
        code: 'mesh.no-intermediate',
        fault: 'user',
        what: `spec.trust.files.clusters has no entry for ${cluster.name}`,
        where: cluster.name,
      });
    const [caCert, caKey, chain, root] = await Promise.all(
      [files.caCert, files.caKey, files.certChain, settings.rootCert].map((path) => readFile(path, 'utf8')),
    );
    return { 'ca-cert.pem': caCert!, 'ca-key.pem': caKey!, 'cert-chain.pem': chain!, 'root-cert.pem': root! };
  }
  const root = await rootOf(context);
  const intermediate = await createIntermediate(root, {
    commonName: 'Intermediate CA',
    organization: 'Istio',
    locality: cluster.name,
    days: settings.intermediateDays,
    dnsNames: ['istiod.istio-system.svc'],
  });
  return {
    'ca-cert.pem': intermediate.certPem,
    'ca-key.pem': intermediate.keyPem,
    'root-cert.pem': root.certPem,
    'cert-chain.pem': intermediate.certPem + root.certPem,
  };
}

async function rootCertificate(mesh: Mesh, context: PartContext): Promise<string> {
  return mesh.trust.source === 'generated' ? (await rootOf(context)).certPem : readFile(mesh.trust.rootCert, 'utf8');
}

/** All clusters ask at the same time: they must be given one root. */
const making = new WeakMap<object, Promise<KeyPair>>();

function rootOf(context: PartContext): Promise<KeyPair> {
  const known = making.get(context.trust);
  if (known) return known;
  const made = loadOrMakeRoot(context);
  making.set(context.trust, made);
  return made;
}

async function loadOrMakeRoot({ mesh, trust: store }: PartContext): Promise<KeyPair> {
  const settings = mesh.trust;
  if (settings.source === 'root') {
    const [certPem, keyPem] = await Promise.all([
      readFile(settings.rootCert, 'utf8'),
      readFile(settings.rootKey, 'utf8'),
    ]);
    return { certPem, keyPem };
  }
  const kept = await store.load();
  if (kept) return kept;
  const root = await createRoot({
    commonName: 'Root CA',
    organization: 'Istio',
    days: settings.source === 'generated' ? settings.rootDays : 3650,
  });
  await store.save(root);
  return root;
}
