import { type Claim, fail, pass, unknown, type VerifyContext } from '../fact.ts';
import { limited } from '../limited.ts';
import { findPod, nameOf } from '../pods.ts';

/**
 * Pod addresses of another network cannot be reached directly; those of the own cluster can, which shows that the attempt would work.
 * Those of the same network can be reached: the proxies are told them, and not a gateway's.
 */
export function isolation(context: VerifyContext): Claim[] {
  const { clusters } = context.mesh;
  const pairs = clusters.flatMap((from) => clusters.filter((to) => to !== from).map((to) => ({ from, to })));
  return pairs.map(({ from, to }) => {
    const isFlat = from.network === to.network;
    return {
      id: `${isFlat ? 'flat' : 'isolation'}/${from.name}-${to.name}`,
      title: `pods of ${from.name} ${isFlat ? 'reach' : 'cannot reach'} pod addresses of ${to.name} directly`,
      clusters: [from.name, to.name],
      expected: isFlat ? 'a connection' : 'no connection, while the same attempt within the cluster succeeds',
      async measure() {
        const [near, far] = await Promise.all([from, to].map(({ name }) => attemptOn(context, from.name, name)));
        return (isFlat ? judgeFlat : judge)(from.name, near!, far!);
      },
    };
  });
}

/** An attempt on the server of a cluster; the one on the own server is made once for all others. */
function attemptOn(context: VerifyContext, from: string, to: string): Promise<Attempt> {
  return context.once(`direct/${from}/${to}`, async () => {
    const pod = await findPod(context.client(to), context.mesh.sample.namespace, 'app=helloworld');
    return limited(context, 'direct', 6, () => attempt(context, from, pod['status']?.podIP));
  });
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

export function judgeFlat(from: string, near: Attempt, far: Attempt) {
  const measured = `${far.address}: ${far.code || 'nothing'}; within ${from}: ${near.code || 'nothing'}`;
  if (far.code === '200') return pass(measured);
  if (near.code !== '200')
    return unknown(measured, { why: `the attempt within the cluster failed too: ${near.said || far.said}` });
  return fail(measured, {
    why: `mesh.yaml says that both are on one network, so that proxies are told this address, and nothing leads there: ${far.said}`,
    fix: 'give the clusters networks of their own in mesh.yaml, or set up routes between their pod networks',
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
