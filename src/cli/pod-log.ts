import { IsthmusError } from '../errors/index.ts';
import { KubeApiError, KubeClient, kinds, type Pod } from '../kube/index.ts';
import { findClusters } from '../providers/index.ts';
import type { Mesh, MeshCluster } from '../spec/index.ts';
import type { CommandContext } from './context.ts';

export interface PodLogOptions {
  container: string | undefined;
  lines: number;
  follow: boolean;
  context: CommandContext;
}

/** @param reference namespace/name, or namespace/ and the beginning of the name; namespace default where there is no slash. */
export async function printPodLog(
  target: { mesh: Mesh; cluster: MeshCluster },
  reference: string,
  options: PodLogOptions,
): Promise<void> {
  const { context } = options;
  const clusters = await findClusters(target.mesh, { home: context.home });
  const { connection } = clusters.find((one) => one.name === target.cluster.name)!;
  await using client = new KubeClient(connection);
  const slash = reference.indexOf('/');
  const namespace = slash < 0 ? 'default' : reference.slice(0, slash);
  const pod = await findPod(client, namespace, reference.slice(slash + 1));
  const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}/log`;
  const container = options.container ?? defaultContainer(pod);
  const response = await client.open('GET', path, {
    query: { container, tailLines: options.lines, follow: options.follow || undefined },
    accept: 'text/plain, */*',
    signal: context.signal,
  });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) {
      if (response.statusCode === 200) context.out.write(String(chunk));
      else chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (context.signal.aborted && options.follow) return; // the way to end a log that is followed
    throw error;
  }
  if (response.statusCode !== 200)
    throw new KubeApiError({
      status: response.statusCode ?? 0,
      body: parse(Buffer.concat(chunks).toString('utf8')),
      method: 'GET',
      path,
      server: client.name,
    });
}

async function findPod(client: KubeClient, namespace: string, name: string): Promise<Pod> {
  const { items } = await client.list<Pod>(kinds.Pod, { namespace });
  const found =
    items.find((pod) => pod.metadata.name === name) ?? items.find((pod) => pod.metadata.name?.startsWith(name));
  if (found && name !== '') return found;
  const names = items.map((pod) => pod.metadata.name);
  throw new IsthmusError({
    code: 'cli.no-pod',
    what: `there is no pod ${name}`,
    where: `${client.name}/${namespace}`,
    fix: names.length > 0 ? `name one of: ${names.join(', ')}` : 'name another namespace: NAMESPACE/POD',
  });
}

/** As kubectl chooses it. */
function defaultContainer(pod: Pod): string | undefined {
  return pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'] ?? pod['spec']?.containers?.[0]?.name;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text };
  }
}
