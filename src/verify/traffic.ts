/** Requests from the client of one cluster, all in one command, so that what is counted is what was asked. */
import { IsthmusError } from '../errors/index.ts';
import { type KubeClient, kinds, type Pod } from '../kube/index.ts';
import type { MeshCluster } from '../spec/index.ts';
import type { Answer, Traffic, VerifyContext } from './fact.ts';

export const requestCount = 100;
const separator = '~~~';

/** @throws IsthmusError when the cluster has no ready client pod. */
export async function findPod(client: KubeClient, namespace: string, labelSelector: string): Promise<Pod> {
  const { items } = await client.list<Pod>(kinds.Pod, { namespace, labelSelector });
  const ready = items.find(
    (pod) =>
      !pod.metadata.deletionTimestamp &&
      (pod['status']?.conditions ?? []).some((one: any) => one.type === 'Ready' && one.status === 'True'),
  );
  if (ready) return ready;
  throw new IsthmusError({
    code: 'verify.no-pod',
    what: `no pod with ${labelSelector} is ready`,
    where: `${client.name}/${namespace}`,
    why: items.length === 0 ? 'there is none at all' : `there are ${items.length}, none of them ready`,
    fix: `isthmus up, or look: kubectl --context ${client.name} -n ${namespace} get pods`,
  });
}

export function trafficFrom(context: VerifyContext, cluster: MeshCluster): Promise<Traffic> {
  const known = context.traffic.get(cluster.name);
  if (known) return known;
  const made = context.before.then(() => ask(context, cluster));
  context.traffic.set(cluster.name, made);
  return made;
}

async function ask(context: VerifyContext, cluster: MeshCluster): Promise<Traffic> {
  const client = context.client(cluster.name);
  const { namespace } = context.mesh.sample;
  const pod = await findPod(client, namespace, 'app=curl');
  const url = `http://helloworld.${namespace}:5000/hello?[1-${requestCount}]`;
  const format = `${separator}%{http_code} %{time_total}\\n`;
  const result = await client.exec({
    namespace,
    pod: pod.metadata.name ?? '',
    container: 'curl',
    command: ['curl', '-s', '--max-time', '5', '-w', format, url],
    timeoutMs: 60_000,
    signal: context.signal,
  });
  const answers = parseAnswers(result.stdout);
  if (answers.length === 0)
    throw new IsthmusError({
      code: 'verify.no-traffic',
      what: 'the client could not ask',
      where: `${cluster.name}/${namespace}/${pod.metadata.name}`,
      why: result.stderr.trim() || `curl ended with code ${result.exitCode}`,
    });
  return { cluster, asked: requestCount, answers };
}

/** What curl printed: for each request the answer, then the code and the seconds that it took. */
export function parseAnswers(output: string): Answer[] {
  const answers: Answer[] = [];
  const pattern = new RegExp(`([\\s\\S]*?)${separator}(\\d+) ([\\d.]+)\\n`, 'g');
  for (const [, text = '', code, seconds] of output.matchAll(pattern)) {
    const version = /^Hello version: (\S+), instance:/.exec(text.trim())?.[1];
    answers.push({ version, code: Number(code), time: Number(seconds) * 1000, text: text.trim() });
  }
  return answers;
}
