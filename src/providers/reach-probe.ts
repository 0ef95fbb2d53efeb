/** A connection from a pod of one cluster to the API servers of others. The pod is there for as long as it takes, and ends by itself. */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../errors/index.ts';
import { KubeClient, kinds, type Pod } from '../kube/index.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import type { Reach } from './reach.ts';

const namespace = 'default';
/** The sample's own, which the mesh needs anyway. */
const image = 'docker.io/curlimages/curl:8.16.0';
const connectSeconds = 8;
/** For pulling the image, too. */
const longestMs = 60_000;

/** What curl ends with where nothing was reached (its manual's EXIT CODES). Any answer of the API server, be it a refusal, is 0. */
const faults: Record<number, string> = {
  6: 'its name is not known there',
  7: 'the connection is refused, or there is no route',
  28: `there is no answer within ${connectSeconds} s`,
  35: 'what answers there does not speak TLS',
};

/** One pod, with a container for each target. Where it cannot run, nothing is known, and that is what is said. */
export async function probeFrom(
  from: ProvidedCluster,
  targets: ProvidedCluster[],
  signal?: AbortSignal,
): Promise<Reach[]> {
  if (targets.length === 0) return [];
  const about = (to: ProvidedCluster, reached: Reach['reached'], why: string): Reach => ({
    ...{ from: from.name, to: to.name, reached, why },
  });
  if (from.provider === 'embedded') return targets.map((to) => about(to, undefined, `${from.name} is embedded`));
  await using client = new KubeClient({ ...from.connection, name: from.name });
  try {
    const codes = await run(client, targets, signal);
    const isLimited = codes.some((code) => code !== 0) && (await hasPolicies(client));
    return targets.map((to, index) => {
      const code = codes[index] ?? -1;
      if (code === 0) return about(to, true, `a pod of ${from.name} has reached it`);
      const fault = faults[code];
      if (fault === undefined) return about(to, undefined, `the pod that tried it ended with ${code}`);
      // istiod is in another namespace, which such a policy does not bind.
      if (isLimited)
        return about(to, undefined, `a NetworkPolicy of namespace ${namespace} may have kept the pod from it`);
      return about(to, false, `tried by a pod of ${from.name}: ${fault}`);
    });
  } catch (error) {
    signal?.throwIfAborted();
    return targets.map((to) => about(to, undefined, `no pod could try it: ${messageOf(error)}`));
  }
}

/** Exit codes, in the order of the targets. */
async function run(client: KubeClient, targets: ProvidedCluster[], signal?: AbortSignal): Promise<number[]> {
  await removeRemains(client);
  const made = await client.create<Pod>(kinds.Pod, podOf(targets));
  const { name = '' } = made.metadata;
  try {
    return await ended(client, name, targets.length, signal);
  } finally {
    await client.delete(kinds.Pod, name, namespace, { gracePeriodSeconds: 0 }).catch(() => {}); // it ends by itself all the same
  }
}

/** Of a run that was killed before it could take its pod away. */
async function removeRemains(client: KubeClient): Promise<void> {
  const { items } = await client.list<Pod>(kinds.Pod, { namespace, labelSelector: 'isthmus.dev/probe=reach' });
  const over = items.filter(({ status }) => ['Succeeded', 'Failed'].includes(status?.['phase']));
  for (const { metadata } of over)
    await client.delete(kinds.Pod, metadata.name ?? '', namespace, { gracePeriodSeconds: 0 }).catch(() => {});
}

async function ended(client: KubeClient, name: string, count: number, signal?: AbortSignal): Promise<number[]> {
  const deadline = Date.now() + longestMs;
  for (;;) {
    const pod = await client.get<Pod>(kinds.Pod, name, namespace);
    const statuses: any[] = pod.status?.['containerStatuses'] ?? [];
    const codes = Array.from(
      { length: count },
      (_, index) => statuses.find((one) => one.name === `reach-${index}`)?.state?.terminated?.exitCode,
    );
    if (codes.every((code) => code !== undefined)) return codes;
    const waiting = statuses.map((one) => one.state?.waiting).find((one) => one && hopeless.has(one.reason));
    if (waiting) throw new Error(`${waiting.reason}: ${waiting.message ?? ''}`);
    if (Date.now() > deadline || pod.status?.['phase'] === 'Failed')
      throw new Error(`${pod.status?.['reason'] ?? 'it did not run'} (${pod.status?.['message'] ?? `pod ${name}`})`);
    await pause(250, undefined, signal ? { signal } : {});
  }
}

const hopeless = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ImageNotFound',
  'CreateContainerConfigError',
]);

/** As the strictest of the pod security standards wants it, and without a proxy or a token. */
function podOf(targets: ProvidedCluster[]): Pod {
  const args = (url: string): string[] => [
    ...['--silent', '--insecure', '--output', '/dev/null'],
    ...['--connect-timeout', `${connectSeconds}`, '--max-time', `${2 * connectSeconds}`, `${url}/version`],
  ];
  return {
    metadata: {
      ...{ generateName: 'isthmus-reach-', namespace },
      labels: { 'isthmus.dev/probe': 'reach', 'sidecar.istio.io/inject': 'false' },
    },
    spec: {
      ...{ restartPolicy: 'Never', activeDeadlineSeconds: 120, automountServiceAccountToken: false },
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: targets.map(({ internalServer }, index) => ({
        ...{ name: `reach-${index}`, image, command: ['curl'], args: args(internalServer) },
        resources: { requests: { cpu: '10m', memory: '16Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      })),
    },
  };
}

async function hasPolicies(client: KubeClient): Promise<boolean> {
  const { items } = await client.list(kinds.NetworkPolicy, { namespace }).catch(() => ({ items: [] }));
  return items.length > 0;
}
