/** New intermediates below the same root. Certificates of the old ones stay valid to their end, so that nothing has to follow at once. */
import { IsthmusError } from '../../errors/index.ts';
import { type KubeClient, kinds, type Pod } from '../../kube/index.ts';
import { readCertificate } from '../../pki/index.ts';
import { systemNamespace } from '../part.ts';
import { type Bundle, signedBundle } from '../parts/bundle.ts';
import { type MeshRoot, rootOf } from '../parts/mesh-root.ts';
import { bundleOfFiles } from '../parts/trust.ts';
import { type RotationOptions, type RotationRun, readBundle, untilNone, withClients, writeBundle } from './run.ts';
import { isBelow } from './successor.ts';

const intermediateSteps = ['new intermediates are signed', 'istiod signs with them'] as const;

/** @returns the last day of each cluster's new intermediate. @throws IsthmusError where the root cannot sign. */
export function rotateIntermediates(options: RotationOptions): Promise<Map<string, Date>> {
  return withClients(options, async (run) => {
    const [sign, load] = intermediateSteps;
    run.progress?.(sign, 'working');
    const bundles = await Promise.all(run.clients.map(readBundle));
    const freshOf = await source(run, bundles);
    const ends = new Map(
      await Promise.all(
        run.clients.map(async (client, index): Promise<[string, Date]> => {
          const bundle = bundles[index]!;
          const fresh = await freshOf(client.name);
          // Roots stay as they are: there may be two of them.
          await writeBundle(client, { ...fresh, 'root-cert.pem': bundle['root-cert.pem'] });
          return [client.name, readCertificate(fresh['ca-cert.pem']).notAfter];
        }),
      ),
    );
    run.progress?.(sign, 'done');
    const primaries = run.clients.filter((client) => isPrimary(run, client.name));
    await untilNone(run, load, async () => {
      const lacks = await Promise.all(primaries.map((client) => lackOf(client, ends.get(client.name)!)));
      return lacks.filter((one) => one !== undefined);
    });
    return ends;
  });
}

const isPrimary = ({ mesh }: RotationRun, name: string): boolean =>
  mesh.clusters.find((one) => one.name === name)?.role === 'primary';

/** Where the new ones come from: signed here, or in the user's files. */
async function source(run: RotationRun, bundles: Bundle[]): Promise<(cluster: string) => Promise<Bundle>> {
  const { trust: settings } = run.mesh;
  const root = await rootToSignWith(run, bundles);
  if (settings.source !== 'intermediates')
    return (cluster) =>
      signedBundle({ certPem: root.certPem, keyPem: root.keyPem! }, cluster, settings.intermediateDays);
  const files = await Promise.all(run.clients.map(({ name }) => bundleOfFiles(name, settings)));
  if (files.every((one, index) => one['ca-cert.pem'].trim() === bundles[index]!['ca-cert.pem'].trim()))
    throw new IsthmusError({
      code: 'mesh.intermediates-unchanged',
      fault: 'user',
      what: 'the files hold the intermediates that the clusters have already',
      where: 'spec.trust.files.clusters',
      fix: 'put new ones, below the same root, in their place, or name other files in mesh.yaml (isthmus ca rotate -f mesh.yaml), then run it again',
    });
  return async (cluster) => files[run.clients.findIndex((client) => client.name === cluster)]!;
}

async function rootToSignWith({ mesh, trust }: RotationRun, bundles: Bundle[]): Promise<MeshRoot> {
  const next = await trust.loadNext();
  if (next)
    throw new IsthmusError({
      code: 'mesh.rotation',
      fault: 'user',
      what: 'a rotation of the root is on its way',
      fix: 'bring it to its end first: isthmus ca rotate --root',
    });
  const root = await rootOf(mesh.trust, trust);
  if (!root || (mesh.trust.source !== 'intermediates' && !root.keyPem))
    throw new IsthmusError({
      code: 'mesh.no-root-key',
      fault: 'user',
      what: 'new intermediates cannot be signed: the key of the root is not here',
      where: 'the state folder',
      fix: 'name the root and its key under spec.trust.files in mesh.yaml, or bring the state folder back',
    });
  // Below a root that is not trusted yet, requests would fail.
  if (bundles.every((bundle) => isBelow(bundle, root.certPem))) return root;
  throw new IsthmusError({
    code: 'mesh.root-changed',
    fault: 'user',
    what: 'the root has been replaced, and not all clusters hang below the new one',
    where: mesh.trust.source === 'generated' ? 'the state folder' : 'spec.trust.files',
    fix: 'replace the root, for which both are trusted for a while: isthmus ca rotate --root',
  });
}

/** istiod tells when its intermediate ends: by that it is seen which one it has loaded. */
async function lackOf(client: KubeClient, wanted: Date): Promise<string | undefined> {
  const { items } = await client.list<Pod>(kinds.Pod, { namespace: systemNamespace, labelSelector: 'app=istiod' });
  const pods = items.filter((pod) => !pod.metadata.deletionTimestamp && pod.status?.['phase'] === 'Running');
  if (pods.length === 0) return `no pod of istiod runs in ${client.name}`;
  for (const pod of pods) {
    const path = `/api/v1/namespaces/${systemNamespace}/pods/${pod.metadata.name}:15014/proxy/metrics`;
    const text = String(await client.request('GET', path, { accept: 'text/plain' }).catch(() => ''));
    const end = Number(/^citadel_server_cert_chain_expiry_timestamp (\S+)$/m.exec(text)?.[1]);
    if (Math.abs(end * 1000 - wanted.getTime()) > 2_000)
      return `${pod.metadata.name} of ${client.name} still has the old one`;
  }
  return undefined;
}
