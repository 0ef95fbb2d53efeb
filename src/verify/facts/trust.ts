import { messageOf } from '../../errors/index.ts';
import { type ConfigMap, kinds, type Secret } from '../../kube/index.ts';
import { systemNamespace } from '../../mesh/index.ts';
import { readCertificate, splitPem, verifyChain } from '../../pki/index.ts';
import { type Cause, type Claim, fail, pass, type VerifyContext } from '../fact.ts';

/** Proxies of all clusters are given one root, and each cluster's CA hangs below it. */
export function oneRoot(context: VerifyContext): Claim[] {
  const { clusters } = context.mesh;
  return [
    {
      id: 'one-root',
      title: 'all clusters share one root of trust',
      clusters: clusters.map((one) => one.name),
      expected: 'one root certificate, given to proxies and in cacerts of every cluster, that signed the CA there',
      async measure() {
        const { roots, cause } = await rootsSeen(context);
        if (!cause) return pass(`root ${roots[0]!.id} in ${roots.length} places of ${clusters.length} clusters`);
        return fail(roots.map(({ where, id, end }) => `${where} ${id}${end ? ` until ${end}` : ''}`).join('; '), cause);
      },
    },
  ];
}

/** What is wrong with the roots of the mesh, or undefined. */
export const rootsFault = async (context: VerifyContext): Promise<Cause | undefined> =>
  (await rootsSeen(context)).cause;

interface RootSeen {
  cluster: string;
  /** cluster/object. */
  where: string;
  /** Start of the fingerprint, or why there is none. */
  id: string;
  /** Last day. */
  end: string | undefined;
  /** Why the CA beside it does not hang below it. */
  fault: string | undefined;
}

function rootsSeen(context: VerifyContext): Promise<{ roots: RootSeen[]; cause?: Cause }> {
  return context.once('roots', async () => {
    const names = context.mesh.clusters.map((one) => one.name);
    const roots = (await Promise.all(names.map((name) => rootsOf(context, name)))).flat();
    const cause = causeOf(roots);
    return { roots, ...(cause ? { cause } : {}) };
  });
}

function causeOf(roots: RootSeen[]): Cause | undefined {
  const broken = roots.find((one) => one.fault);
  if (broken) return { why: `${broken.where}: ${broken.fault}`, fix: fixOf(broken) };
  // The first is what proxies of the first primary are given: the others are compared with it.
  const stranger = roots.find((one) => one.id !== roots[0]?.id);
  if (!stranger) return undefined;
  return {
    why: `${stranger.where} is of another root than ${roots[0]?.where}: a certificate below one is refused where the other is trusted`,
    fix: fixOf(stranger),
  };
}

const fixOf = ({ cluster }: RootSeen): string =>
  `kubectl --context ${cluster} -n ${systemNamespace} delete secret cacerts, then isthmus up; or name its root under spec.trust.files`;

async function rootsOf(context: VerifyContext, cluster: string): Promise<RootSeen[]> {
  const client = context.client(cluster);
  const [configMap, secret] = await Promise.all([
    client.find<ConfigMap>(kinds.ConfigMap, 'istio-ca-root-cert', systemNamespace),
    client.find<Secret>(kinds.Secret, 'cacerts', systemNamespace),
  ]);
  const read = (name: string): string => Buffer.from(secret?.data?.[name] ?? '', 'base64').toString('utf8');
  const own = rootSeen(cluster, 'cacerts', read('root-cert.pem'));
  const chain = {
    leafPem: read('ca-cert.pem'),
    intermediatesPem: read('cert-chain.pem'),
    rootPem: read('root-cert.pem'),
  };
  const chained = own.fault ? undefined : verifyChain(chain);
  return [
    rootSeen(cluster, 'istio-ca-root-cert', configMap?.data?.['root-cert.pem'] ?? ''),
    chained?.ok === false ? { ...own, fault: `its CA does not hang below its root: ${chained.why}` } : own,
  ];
}

function rootSeen(cluster: string, name: string, pem: string): RootSeen {
  const about = { cluster, where: `${cluster}/${name}`, end: undefined };
  if (pem === '') return { ...about, id: 'missing', fault: 'there is no root certificate' };
  try {
    const certificates = splitPem(pem).map(readCertificate);
    const id = certificates.map((one) => one.fingerprint.slice(0, 16)).join('+');
    const end = certificates[0]?.notAfter.toISOString().slice(0, 10);
    return { ...about, id: id || 'unreadable', end, fault: id ? undefined : 'it holds no certificate' };
  } catch (error) {
    return { ...about, id: 'unreadable', fault: `its root certificate cannot be read: ${messageOf(error)}` };
  }
}
