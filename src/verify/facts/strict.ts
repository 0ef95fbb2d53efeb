import { randomUUID } from 'node:crypto';
import { isNotFound, type KubeClient, type KubeObject, kinds, type Namespace } from '../../kube/index.ts';
import { explainDeployment, type Judge, waiter, whyNotAvailable } from '../../mesh/index.ts';
import { type Claim, fail, pass, type VerifyContext } from '../fact.ts';
import { findPod } from '../traffic.ts';
import { until } from '../until.ts';

const fieldManager = 'isthmus-verify';

/**
 * Plain text is refused where mutual TLS is STRICT. Tried on a server of its own in a namespace of its own, which is removed again: first
 * without the policy the stranger is let in, then with it he is refused and the friend is still let in.
 */
export function strict(context: VerifyContext): Claim[] {
  return context.mesh.clusters.map((cluster) => ({
    id: `strict/${cluster.name}`,
    title: `plain text is refused under STRICT in ${cluster.name}`,
    expected: 'a client without mutual TLS is let in before the policy and refused under it; a mesh client is let in',
    async measure() {
      const client = context.client(cluster.name);
      const primary = context.client(cluster.primary);
      const namespace = `isthmus-verify-${cluster.name}-${randomUUID().slice(0, 5)}`;
      try {
        const pod = await startServer(context, client, namespace);
        const stranger = () => plainText(client, namespace, pod);
        const friend = () => meshClient(context, client, namespace);
        const open = await until(stranger, (code) => code === 200, { withinMs: 5_000, signal: context.signal });
        if (open !== 200)
          return {
            status: 'unknown',
            measured: `plain text without the policy: ${open}`,
            why: 'it is refused without STRICT too, so that a refusal under it would prove nothing',
          };
        if (cluster.name !== cluster.primary)
          await primary.apply(kinds.Namespace, { metadata: { name: namespace } }, { fieldManager });
        await primary.apply(
          kinds.PeerAuthentication,
          { metadata: { name: 'strict', namespace }, spec: { mtls: { mode: 'STRICT' } } },
          { fieldManager },
        );
        const refused = await until(stranger, (code) => code !== 200, {
          withinMs: 10_000,
          everyMs: 50,
          signal: context.signal,
        });
        const welcome = await until(friend, (code) => code === 200, { withinMs: 10_000, signal: context.signal });
        const measured = `plain text before ${open}, under STRICT ${refused === 200 ? 200 : 'refused'}; mesh client ${welcome}`;
        if (refused === 200)
          return fail(
            measured,
            'the proxy does not enforce the policy: it has not accepted its newest configuration',
            'isthmus status',
          );
        return welcome === 200 ? pass(measured) : fail(measured, 'the policy shuts out clients of the mesh as well');
      } finally {
        await Promise.all([...new Set([client, primary])].map((one) => removeNamespace(one, namespace)));
      }
    },
  }));
}

async function startServer(context: VerifyContext, client: KubeClient, namespace: string): Promise<string> {
  const labels = { app: 'server' };
  const apply = (kind: (typeof kinds)[keyof typeof kinds], object: any) => client.apply(kind, object, { fieldManager });
  await apply(kinds.Namespace, {
    metadata: { name: namespace, labels: { 'istio-injection': 'enabled', 'isthmus.dev/purpose': 'verify' } },
  } satisfies Namespace);
  await apply(kinds.Service, {
    metadata: { name: 'server', namespace },
    spec: { selector: labels, ports: [{ name: 'http', port: 5000, targetPort: 5000, protocol: 'TCP' }] },
  });
  await apply(kinds.Deployment, {
    metadata: { name: 'server', namespace },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'server',
              image: 'docker.io/istio/examples-helloworld-v1:1.0',
              ports: [{ containerPort: 5000, protocol: 'TCP' }],
            },
          ],
        },
      },
    },
  });
  const wait = waiter({ deadline: Date.now() + 20_000, signal: context.signal, tell: () => {} });
  await wait.for({
    client,
    kind: kinds.Deployment,
    name: 'server',
    namespace,
    judge: whyNotAvailable as Judge<KubeObject>,
    explain: () => explainDeployment(client, namespace, 'server'),
  });
  return (await findPod(client, namespace, 'app=server')).metadata.name ?? '';
}

/** The API server's proxy knows no mutual TLS: it is a client without a sidecar. */
async function plainText(client: KubeClient, namespace: string, pod: string): Promise<number> {
  try {
    await client.request('GET', `/api/v1/namespaces/${namespace}/pods/${pod}:5000/proxy/hello`, { accept: '*/*' });
    return 200;
  } catch (error) {
    return (error as { status?: number }).status ?? 0;
  }
}

async function meshClient(context: VerifyContext, client: KubeClient, namespace: string): Promise<number> {
  const sample = context.mesh.sample.namespace;
  const pod = await findPod(client, sample, 'app=curl');
  const { stdout } = await client.exec({
    namespace: sample,
    pod: pod.metadata.name ?? '',
    container: 'curl',
    command: [
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '--max-time',
      '5',
      '-w',
      '%{http_code}',
      `http://server.${namespace}:5000/hello`,
    ],
    timeoutMs: 10_000,
    signal: context.signal,
  });
  return Number(stdout);
}

async function removeNamespace(client: KubeClient, namespace: string): Promise<void> {
  await client.delete(kinds.Namespace, namespace).catch((error) => {
    if (!isNotFound(error)) throw error;
  });
}
