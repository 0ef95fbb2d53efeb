/** When objects are as they should be. Shared by the parts' waits and by verification, so that both mean the same. */
import {
  type Deployment,
  type KubeClient,
  type KubeEvent,
  type KubeObject,
  kinds,
  type Pod,
  type Service,
} from '../kube/index.ts';
import type { PartContext } from './part.ts';
import type { Lack } from './wait.ts';

/** Why a Deployment is not available, or undefined. */
export function whyNotAvailable(deployment: Deployment | undefined): Lack | undefined {
  if (!deployment) return { why: 'it does not exist', ends: 'it is created' };
  const wanted = deployment.spec['replicas'] ?? 1;
  const { replicas = 0, availableReplicas = 0, updatedReplicas = 0, observedGeneration = 0 } = deployment.status ?? {};
  if (observedGeneration < (deployment.metadata.generation ?? 0))
    return { why: 'its controller has not seen it yet', ends: 'the controller of Deployments has read it' };
  if (updatedReplicas < wanted)
    return {
      why: `${updatedReplicas} of ${wanted} pods are of the newest template`,
      ends: 'its pods have been created',
    };
  // Until then those that are available may be the old ones.
  if (replicas > updatedReplicas)
    return {
      why: `${replicas - updatedReplicas} pods of an older template still run`,
      ends: 'the new pods are ready and the old ones have ended',
    };
  if (availableReplicas < wanted)
    return { why: `${availableReplicas} of ${wanted} pods are ready`, ends: 'their readiness probes succeed' };
  return undefined;
}

/** What keeps a Deployment's pods: the last failure of its ReplicaSet, a container that waits, or a warning event. */
export async function explainDeployment(
  client: KubeClient,
  namespace: string,
  name: string,
): Promise<string | undefined> {
  const deployment = await client.find<Deployment>(kinds.Deployment, name, namespace);
  if (!deployment) return undefined;
  const labels = Object.entries(deployment.spec['selector']?.matchLabels ?? {}).map(
    ([key, value]) => `${key}=${value}`,
  );
  const selection = { namespace, labelSelector: labels.join(',') };
  const [{ items: sets }, { items: pods }] = await Promise.all([
    client.list<KubeObject>(kinds.ReplicaSet, selection),
    client.list<Pod>(kinds.Pod, selection),
  ]);
  const failure = sets
    .flatMap((set) => set['status']?.conditions ?? [])
    .find((one: any) => one.type === 'ReplicaFailure' && one.status === 'True');
  if (failure) return failure.message;
  for (const pod of pods) {
    const statuses = [...(pod['status']?.initContainerStatuses ?? []), ...(pod['status']?.containerStatuses ?? [])];
    const waiting = statuses.map((one: any) => one.state?.waiting).find((one: any) => one?.message);
    if (waiting) return `pod ${pod.metadata.name}: ${waiting.reason}: ${waiting.message}`;
    const last = await lastWarning(client, namespace, pod.metadata.name ?? '');
    if (last) return `pod ${pod.metadata.name}: ${last.reason}: ${last.message}`;
  }
  return undefined;
}

async function lastWarning(client: KubeClient, namespace: string, name: string): Promise<KubeEvent | undefined> {
  const fieldSelector = `involvedObject.name=${name},type=Warning`;
  const { items } = await client.list<KubeEvent>(kinds.Event, { namespace, fieldSelector });
  return items.at(-1);
}

export function waitForDeployment(context: PartContext, namespace: string, name: string): Promise<Deployment> {
  const { client } = context;
  return context.wait.for<Deployment>({
    client,
    kind: kinds.Deployment,
    name,
    namespace,
    judge: whyNotAvailable,
    explain: () => explainDeployment(client, namespace, name),
  });
}

export const addressOf = (service: Service | undefined): string | undefined => {
  const [first] = service?.status?.loadBalancer?.ingress ?? [];
  return first?.ip ?? first?.hostname;
};

/** Why a Service of type LoadBalancer has no address, or undefined. */
export function whyNoAddress(service: Service | undefined): Lack | undefined {
  if (!service) return { why: 'it does not exist', ends: 'it is created' };
  if (addressOf(service)) return undefined;
  return { why: 'it has no address', ends: "the cluster's load balancer assigns one" };
}

/** What the load balancer says of a Service without an address. */
export async function explainAddress(client: KubeClient, namespace: string, name: string): Promise<string | undefined> {
  return (await lastWarning(client, namespace, name))?.message;
}

/** The load-balancer address of a Service, when it has one. */
export async function waitForAddress(
  context: PartContext,
  cluster: string,
  namespace: string,
  name: string,
): Promise<string> {
  const client = context.clientOf(cluster);
  const service = await context.wait.for<Service>({
    client,
    kind: kinds.Service,
    name,
    namespace,
    judge: whyNoAddress,
    assumed: (ip) => ({ metadata: { name, namespace }, spec: {}, status: { loadBalancer: { ingress: [{ ip }] } } }),
    explain: () => explainAddress(client, namespace, name),
  });
  return addressOf(service)!;
}
