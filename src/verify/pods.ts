/** Pods of the mesh, and what they answer by way of the API server. */
import { IsthmusError, messageOf } from '../errors/index.ts';
import { type KubeClient, kinds, type Pod } from '../kube/index.ts';
import type { VerifyContext } from './fact.ts';

const longestAnswerMs = 10_000;

/** Pods that are ready and not about to go, by name. */
export async function readyPods(client: KubeClient, namespace: string, labelSelector: string): Promise<Pod[]> {
  const { items } = await client.list<Pod>(kinds.Pod, { namespace, labelSelector });
  return items.filter(isReady).sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

/** @throws IsthmusError `verify.no-pod` when none is ready. */
export async function findPod(client: KubeClient, namespace: string, labelSelector: string): Promise<Pod> {
  const [pod] = await readyPods(client, namespace, labelSelector);
  if (pod) return pod;
  throw new IsthmusError({
    code: 'verify.no-pod',
    what: `no pod with ${labelSelector} is ready`,
    where: `${client.name}/${namespace}`,
    fix: `isthmus up, or look: kubectl --context ${client.name} -n ${namespace} get pods`,
  });
}

const isReady = (pod: Pod): boolean =>
  !pod.metadata.deletionTimestamp &&
  (pod['status']?.conditions ?? []).some((one: any) => one.type === 'Ready' && one.status === 'True');

export const nameOf = (pod: Pod): string => pod.metadata.name ?? '';

/**
 * The answer of a pod or a Service behind the API server's proxy: parsed if it is JSON, text otherwise.
 * @param path below `/api/v1/namespaces/<namespace>/`, as in `pods/<name>:<port>/proxy/<path>`
 */
export async function throughApi(
  context: Pick<VerifyContext, 'client' | 'signal'>,
  cluster: string,
  namespace: string,
  path: string,
  query?: Record<string, string>,
): Promise<any> {
  const timeout = AbortSignal.timeout(longestAnswerMs);
  try {
    return await context.client(cluster).request('GET', `/api/v1/namespaces/${namespace}/${path}`, {
      accept: 'application/json, text/plain, */*',
      signal: AbortSignal.any([context.signal, timeout]),
      ...(query ? { query } : {}),
    });
  } catch (error) {
    if (!timeout.aborted || context.signal.aborted) throw error;
    throw new IsthmusError({
      code: 'verify.no-answer',
      what: `no answer within ${longestAnswerMs / 1000} s`,
      where: `${cluster}/${namespace}/${path.split('/proxy')[0]}`,
      why: messageOf(error),
    });
  }
}
