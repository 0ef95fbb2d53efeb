import { type Claim, fail, pass, unknown, type VerifyContext } from '../fact.ts';
import { findPod, nameOf } from '../pods.ts';

/** Pod addresses of another network cannot be reached directly; those of the own cluster can, which shows that the attempt would work. */
export function isolation(context: VerifyContext): Claim[] {
  const { clusters, sample } = context.mesh;
  return clusters.flatMap((from) =>
    clusters
      .filter((to) => to.network !== from.network)
      .map((to) => ({
        id: `isolation/${from.name}-${to.name}`,
        title: `pods of ${from.name} cannot reach pod addresses of ${to.name} directly`,
        clusters: [from.name, to.name],
        expected: 'no connection, while the same attempt within the cluster succeeds',
        async measure() {
          const client = context.client(from.name);
          const [near, far] = await Promise.all([
            findPod(client, sample.namespace, 'app=helloworld'),
            findPod(context.client(to.name), sample.namespace, 'app=helloworld'),
          ]);
          const [nearResult, farResult] = await Promise.all(
            [near, far].map((pod) => attempt(context, from.name, pod['status']?.podIP)),
          );
          return judge(from.name, nearResult!, farResult!);
        },
      })),
  );
}

export interface Attempt {
  address: string;
  /** What curl prints: 000 where no server answered; empty where curl itself did not run. */
  code: string;
  said: string;
}

export function judge(from: string, near: Attempt, far: Attempt) {
  const seen = far.code === '000' ? far.said || 'no connection' : `answered ${far.code || 'nothing'}`;
  const measured = `${far.address}: ${seen}; within ${from}: ${near.code || 'nothing'}`;
  if (near.code !== '200' || far.code === '')
    return unknown(measured, {
      why: `the attempt ${far.code === '' ? 'was not made' : 'within the cluster failed too'}, so that it proves nothing: ${near.said || far.said}`,
    });
  // Any answer at all, be it an error, has come from over there.
  if (far.code === '000') return pass(measured);
  return fail(measured, {
    why: 'the two networks are one, where mesh.yaml says that they are two: requests pass by the gateways',
    fix: 'give the clusters one network in mesh.yaml, or part their pod networks',
  });
}

/** The readiness port of the proxy answers whoever can connect, whatever policies say. */
async function attempt(context: VerifyContext, cluster: string, address: string): Promise<Attempt> {
  const client = context.client(cluster);
  const { namespace } = context.mesh.sample;
  const { stdout, stderr } = await client.exec({
    namespace,
    pod: nameOf(await findPod(client, namespace, 'app=curl')),
    container: 'curl',
    command: [
      'curl',
      ...['-sS', '-o', '/dev/null', '--max-time', '3', '-w', '%{http_code}'],
      `http://${address}:15021/healthz/ready`,
    ],
    timeoutMs: 10_000,
    signal: context.signal,
  });
  return { address, code: stdout.trim(), said: stderr.trim() };
}
