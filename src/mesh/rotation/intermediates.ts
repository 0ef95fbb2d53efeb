/** New intermediates below the same root. Certificates of the old ones stay valid to their end, so that nothing has to follow at once. */
import { IsthmusError } from '../../errors/index.ts';
import { type KubeClient, kinds, type Pod } from '../../kube/index.ts';
import { readCertificate } from '../../pki/index.ts';
import { systemNamespace } from '../part.ts';
import { signedBundle } from '../parts/bundle.ts';
import { rootOf } from '../parts/mesh-root.ts';
import { type RotationOptions, type RotationRun, readBundle, untilNone, withClients, writeBundle } from './run.ts';

const intermediateSteps = ['new intermediates are signed', 'istiod signs with them'] as const;

/** @returns the last day of each cluster's new intermediate. @throws IsthmusError where the root cannot sign. */
export function rotateIntermediates(options: RotationOptions): Promise<Map<string, Date>> {
  return withClients(options, async (run) => {
    const [sign, load] = intermediateSteps;
    run.progress?.(sign, 'working');
    const root = await signingRoot(run);
    const ends = new Map(
      await Promise.all(
        run.clients.map(async (client): Promise<[string, Date]> => {
          const bundle = await readBundle(client);
          const fresh = await signedBundle(root, client.name, daysOf(run));
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

const daysOf = ({ mesh }: RotationRun): number =>
  mesh.trust.source === 'intermediates' ? 730 : mesh.trust.intermediateDays;

async function signingRoot({ mesh, trust }: RotationRun): Promise<{ certPem: string; keyPem: string }> {
  const next = await trust.loadNext();
  if (next)
    throw new IsthmusError({
      code: 'mesh.rotation',
      fault: 'user',
      what: 'a rotation of the root is on its way',
      fix: 'bring it to its end first: isthmus ca rotate --root',
    });
  const root = await rootOf(mesh.trust, trust);
  if (root?.keyPem) return { certPem: root.certPem, keyPem: root.keyPem };
  throw new IsthmusError({
    code: 'mesh.no-root-key',
    fault: 'user',
    what: 'new intermediates cannot be signed: the key of the root is not here',
    where: mesh.trust.source === 'intermediates' ? 'spec.trust.files' : 'the state folder',
    fix:
      mesh.trust.source === 'intermediates'
        ? 'put new intermediates into the files that mesh.yaml names, delete Secret cacerts of that cluster, and run isthmus up'
        : 'name the root and its key under spec.trust.files in mesh.yaml, or bring the state folder back',
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
