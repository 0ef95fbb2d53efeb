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

/** Why a Deployment is not available, or undefined. */
export function whyNotAvailable(deployment: Deployment | undefined): string | undefined {
  if (!deployment) return 'the Deployment does not exist yet';
  const { name, namespace } = deployment.metadata;
  const wanted = deployment.spec['replicas'] ?? 1;
  const { availableReplicas = 0, updatedReplicas = 0, observedGeneration = 0 } = deployment.status ?? {};
  if (observedGeneration < (deployment.metadata.generation ?? 0))
    return `Deployment ${namespace}/${name} has not been seen by its controller yet`;
  if (updatedReplicas < wanted)
    return `Deployment ${namespace}/${name}: ${updatedReplicas} of ${wanted} pods are of the newest template`;
  if (availableReplicas < wanted)
    return `Deployment ${namespace}/${name}: ${availableReplicas} of ${wanted} pods are ready`;
  return undefined;
}

/** What keeps a Deployment's pods: the last failure of its ReplicaSet, a container that waits, or a warning event. */
export async function explainDeployment(
  client: KubeClient,
  namespace: string,
  name: string,
): Promise<string | undefined> {
  const deployment = await client.find<Deployment>(kinds.Deployment, name, namespace);
  const labels = Object.entries(deployment?.spec['selector']?.matchLabels ?? {}).map(
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
    const { items: events } = await client.list<KubeEvent>(kinds.Event, {
      namespace,
      fieldSelector: `involvedObject.name=${pod.metadata.name},type=Warning`,
    });
    const last = events.at(-1);
    if (last) return `pod ${pod.metadata.name}: ${last.reason}: ${last.message}`;
  }
  return undefined;
}

export function waitForDeployment(context: PartContext, namespace: string, name: string): Promise<Deployment> {
  const { client } = context;
  return context.wait.for<Deployment>(client, kinds.Deployment, name, namespace, whyNotAvailable, () =>
    explainDeployment(client, namespace, name),
  );
}

export const addressOf = (service: Service | undefined): string | undefined => {
  const [first] = service?.status?.loadBalancer?.ingress ?? [];
  return first?.ip ?? first?.hostname;
};

/** The load-balancer address of a Service, when it has one. */
export async function waitForAddress(
  context: PartContext,
  cluster: string,
  namespace: string,
  name: string,
): Promise<string> {
  const client = context.clientOf(cluster);
  const service = await context.wait.for<Service>(
    client,
    kinds.Service,
    name,
    namespace,
    (found) =>
      found && addressOf(found)
        ? undefined
        : `waiting for an address of Service ${namespace}/${name} in ${cluster}: its load balancer must assign one`,
    async () => {
      const { items } = await client.list<KubeEvent>(kinds.Event, {
        namespace,
        fieldSelector: `involvedObject.name=${name},type=Warning`,
      });
      return items.at(-1)?.message;
    },
  );
  return addressOf(service)!;
}
