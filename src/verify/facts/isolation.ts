import { type Claim, fail, pass, type VerifyContext } from '../fact.ts';
import { findPod } from '../traffic.ts';

/** Pod addresses of another network cannot be reached directly; those of the own cluster can, which shows that the attempt would work. */
export function isolation(context: VerifyContext): Claim[] {
  const { clusters, sample } = context.mesh;
  return clusters.flatMap((from) =>
    clusters
      .filter((to) => to.network !== from.network)
      .map((to) => ({
        id: `isolation/${from.name}-${to.name}`,
        title: `pods of ${from.name} cannot reach pod addresses of ${to.name} directly`,
        expected: 'no connection, while the same attempt within the cluster succeeds',
        async measure() {
          const client = context.client(from.name);
          const [pod, near, far] = await Promise.all([
            findPod(client, sample.namespace, 'app=curl'),
            findPod(client, sample.namespace, 'app=helloworld'),
            findPod(context.client(to.name), sample.namespace, 'app=helloworld'),
          ]);
          // The readiness port of the proxy answers whoever can connect, whatever policies say.
          const attempt = async (address: string): Promise<{ code: string; said: string }> => {
            const { stdout, stderr } = await client.exec({
              namespace: sample.namespace,
              pod: pod.metadata.name ?? '',
              container: 'curl',
              command: [
                'curl',
                '-sS',
                '-o',
                '/dev/null',
                '--max-time',
                '3',
                '-w',
                '%{http_code}',
                `http://${address}:15021/healthz/ready`,
              ],
              timeoutMs: 10_000,
              signal: context.signal,
            });
            return { code: stdout.trim(), said: stderr.trim() };
          };
          const [nearResult, farResult] = await Promise.all([
            attempt(near['status']?.podIP),
            attempt(far['status']?.podIP),
          ]);
          const measured = `${far['status']?.podIP}: ${farResult.code === '000' ? farResult.said || 'no connection' : farResult.code}; within ${from.name}: ${nearResult.code}`;
          if (nearResult.code !== '200')
            return {
              status: 'unknown' as const,
              measured,
              why: 'the attempt within the cluster failed too, so that the other proves nothing',
            };
          return farResult.code === '200'
            ? fail(measured, 'the networks are one: mesh.yaml says that they are two')
            : pass(measured);
        },
      })),
  );
}
