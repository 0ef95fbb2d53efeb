/** A server in a namespace of its own, to try a policy on that must not touch anybody else; it is taken away again. */
import { randomUUID } from 'node:crypto';
import { messageOf } from '../errors/index.ts';
import { isNotFound, type Kind, KubeApiError, type KubeClient, kinds, type Namespace } from '../kube/index.ts';
import { explainDeployment, injectionLabel, waiter, whyNotAvailable } from '../mesh/index.ts';
import type { MeshCluster } from '../spec/index.ts';
import type { Cause, VerifyContext } from './fact.ts';
import { findPod, nameOf } from './pods.ts';

const fieldManager = 'isthmus-verify';
const prefix = 'isthmus-verify-';
const labels = { 'isthmus.dev/purpose': 'verify' };
/** Longer than a verification lasts: what is older was left by one that was killed. */
const leftoverMs = 5 * 60_000;

/** Whether a namespace is there for a probe: its pods come and go. */
export const isProbe = (namespace: string | undefined): boolean => namespace?.startsWith(prefix) ?? false;

/** What somebody got who asked the server: a status, or 0 and the reason for which there was none. */
export interface Reply {
  status: number;
  said: string;
}

export interface Probe {
  /** Sets the namespace's policy, where the control plane reads it. */
  apply(mode: 'PERMISSIVE' | 'STRICT'): Promise<void>;
  /** Asks without mutual TLS. */
  stranger(): Promise<Reply>;
  /** Asks as a client of the mesh. */
  friend(): Promise<Reply>;
  /** Takes everything away. Says what could not be; never throws. */
  close(): Promise<Cause | undefined>;
}

/** Starts the server and waits until it is ready. What was made is taken away when that fails. */
export async function openProbe(context: VerifyContext, cluster: MeshCluster): Promise<Probe> {
  const client = context.client(cluster.name);
  const primary = context.client(cluster.primary);
  const namespace = `${prefix}${cluster.name}-${randomUUID().slice(0, 5)}`;
  const places = [...new Set([client, primary])];
  const close = () => removeAll(places, namespace);
  try {
    await Promise.all(places.map(removeLeftovers));
    context.signal.throwIfAborted();
    await Promise.all(places.map((one) => makeNamespace(one, namespace, injectionLabel(context.mesh))));
    const pod = await startServer(context, client, namespace);
    return {
      apply: async (mode) => {
        const policy = { metadata: { name: 'default', namespace }, spec: { mtls: { mode } } };
        await primary.apply(kinds.PeerAuthentication, policy, { fieldManager });
      },
      stranger: () => askByApi(context, client, namespace, pod),
      friend: () => askByMesh(context, client, namespace),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const makeNamespace = (client: KubeClient, name: string, injection: Record<string, string>) =>
  client.apply<Namespace>(
    kinds.Namespace,
    { metadata: { name, labels: { ...labels, ...injection } } },
    { fieldManager },
  );

async function startServer(context: VerifyContext, client: KubeClient, namespace: string): Promise<string> {
  const metadata = { name: 'server', namespace };
  const selector = { app: 'server' };
  const apply = (kind: Kind, object: any) => client.apply(kind, { metadata, ...object }, { fieldManager });
  const container = {
    name: 'server',
    image: 'docker.io/istio/examples-helloworld-v1:1.0',
    ports: [{ containerPort: 5000, protocol: 'TCP' }],
  };
  await Promise.all([
    apply(kinds.Service, {
      spec: { selector, ports: [{ name: 'http', port: 5000, targetPort: 5000, protocol: 'TCP' }] },
    }),
    apply(kinds.Deployment, {
      spec: {
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: selector },
          spec: { terminationGracePeriodSeconds: 0, containers: [container] },
        },
      },
    }),
  ]);
  const wait = waiter({ deadline: Date.now() + 30_000, signal: context.signal, tell: () => {} });
  await wait.for({
    client,
    kind: kinds.Deployment,
    ...metadata,
    judge: whyNotAvailable as never,
    explain: () => explainDeployment(client, namespace, 'server'),
  });
  return nameOf(await findPod(client, namespace, 'app=server'));
}

/** The API server's proxy knows no mutual TLS: it is a client without a sidecar. */
async function askByApi(context: VerifyContext, client: KubeClient, namespace: string, pod: string): Promise<Reply> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}:5000/proxy/hello`;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(5_000)]);
  try {
    return { status: 200, said: String(await client.request('GET', path, { accept: '*/*', signal })).trim() };
  } catch (error) {
    context.signal.throwIfAborted();
    return { status: error instanceof KubeApiError ? error.status : 0, said: messageOf(error) };
  }
}

async function askByMesh(context: VerifyContext, client: KubeClient, namespace: string): Promise<Reply> {
  const sample = context.mesh.sample.namespace;
  const format = ['-o', '/dev/null', '--max-time', '5', '-w', '%{http_code}'];
  const { stdout, stderr } = await client.exec({
    namespace: sample,
    pod: nameOf(await findPod(client, sample, 'app=curl')),
    container: 'curl',
    command: ['curl', '-sS', ...format, `http://server.${namespace}:5000/hello`],
    timeoutMs: 10_000,
    signal: context.signal,
  });
  return { status: Number(stdout) || 0, said: stderr.trim() };
}

async function removeLeftovers(client: KubeClient): Promise<void> {
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const { items } = await client.list<Namespace>(kinds.Namespace, { labelSelector });
  const isOld = ({ metadata }: Namespace): boolean =>
    !metadata.deletionTimestamp && Date.now() - Date.parse(metadata.creationTimestamp ?? '') > leftoverMs;
  await Promise.all(items.filter(isOld).map(({ metadata }) => remove(client, metadata.name ?? '')));
}

async function removeAll(places: KubeClient[], namespace: string): Promise<Cause | undefined> {
  const failed = await Promise.all(
    places.map((client) =>
      remove(client, namespace).then(
        () => [],
        (error) => [{ cluster: client.name, why: messageOf(error) }],
      ),
    ),
  );
  const [left] = failed.flat();
  if (!left) return undefined;
  return {
    why: `namespace ${namespace} of ${left.cluster} could not be taken away again: ${left.why}`,
    fix: `kubectl --context ${left.cluster} delete namespace ${namespace}`,
  };
}

async function remove(client: KubeClient, namespace: string): Promise<void> {
  await client.delete(kinds.Namespace, namespace).catch((error) => {
    if (!isNotFound(error)) throw error;
  });
}
