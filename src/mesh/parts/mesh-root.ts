/** The root of trust of the mesh: the user's own, the one that was generated before, or a new one. */
import { readFile } from 'node:fs/promises';
import { IsthmusError, messageOf } from '../../errors/index.ts';
import { kinds, type Secret } from '../../kube/index.ts';
import { createRoot, keyMatches, readCertificate } from '../../pki/index.ts';
import type { MeshTrust } from '../../spec/index.ts';
import { type PartContext, systemNamespace, type TrustStore } from '../part.ts';
import { secretName } from './bundle.ts';

export interface MeshRoot {
  certPem: string;
  /** Undefined where the root can be recognized but not sign. */
  keyPem: string | undefined;
}

/** All clusters ask at the same time: they must be given one root. */
const asked = new WeakMap<TrustStore, Promise<MeshRoot>>();

/** @throws IsthmusError when files do not fit each other, or clusters hang below different roots. */
export function meshRoot(context: PartContext): Promise<MeshRoot> {
  const known = asked.get(context.trust);
  if (known) return known;
  const root = findRoot(context);
  asked.set(context.trust, root);
  return root;
}

async function findRoot(context: PartContext): Promise<MeshRoot> {
  const settings = context.mesh.trust;
  const known = await rootOf(settings, context.trust);
  if (known) return known;
  const inUse = await rootInUse(context);
  if (inUse) return { certPem: inUse, keyPem: undefined };
  const days = settings.source === 'generated' ? settings.rootDays : 3650;
  const root = await createRoot({ commonName: 'Root CA', organization: 'Istio', days });
  await context.trust.save(root);
  return root;
}

/** The root that files or the state folder hold. @throws IsthmusError `mesh.trust-file` */
export async function rootOf(settings: MeshTrust, store: TrustStore): Promise<MeshRoot | undefined> {
  if (settings.source === 'intermediates') return { certPem: await readPem(settings.rootCert), keyPem: undefined };
  if (settings.source === 'root') {
    const [certPem, keyPem] = await Promise.all([readPem(settings.rootCert), readPem(settings.rootKey)]);
    if (keyMatches(certPem, keyPem)) return { certPem, keyPem };
    throw unfitFile(settings.rootKey, `it is not the key of the certificate in ${settings.rootCert}`);
  }
  return store.load();
}

/** The root below which the clusters hang already: a new one beside it would split the mesh. */
async function rootInUse(context: PartContext): Promise<string | undefined> {
  const found = await Promise.all(
    context.mesh.clusters.map(async ({ name }) => {
      const secret = await context.clientOf(name).find<Secret>(kinds.Secret, secretName, systemNamespace);
      const pem = Buffer.from(secret?.data?.['root-cert.pem'] ?? '', 'base64').toString('utf8');
      return pem ? [{ cluster: name, pem, fingerprint: fingerprintOf(pem) }] : [];
    }),
  );
  const roots = found.flat();
  if (new Set(roots.map((one) => one.fingerprint)).size <= 1) return roots[0]?.pem;
  throw new IsthmusError({
    code: 'mesh.foreign-root',
    fault: 'user',
    what: 'the clusters hang below different roots, and the root of this mesh is not in the state folder',
    where: roots.map((one) => `${one.cluster}/${systemNamespace}/${secretName}`).join(', '),
    why: roots.map((one) => `root of ${one.cluster}: ${one.fingerprint.slice(0, 16)}`).join('; '),
    fix: 'name the right root under spec.trust.files in mesh.yaml, or delete the Secrets that do not belong to the mesh',
  });
}

function fingerprintOf(pem: string): string {
  try {
    return readCertificate(pem).fingerprint;
  } catch (error) {
    return `unreadable: ${messageOf(error)}`;
  }
}

/** @throws IsthmusError `mesh.trust-file`, which names the file and shows nothing of it. */
export async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unfitFile(path, messageOf(error));
  }
}

export function unfitFile(path: string, why: string): IsthmusError {
  return new IsthmusError({
    code: 'mesh.trust-file',
    fault: 'user',
    what: 'a file of spec.trust.files cannot be used',
    where: path,
    why,
    fix: 'name the right file in mesh.yaml',
  });
}
