/** Requests from the client of one cluster, all by one command, so that what is counted is what was asked. */
import { IsthmusError } from '../errors/index.ts';
import { kinds, type Pod } from '../kube/index.ts';
import { readCounters } from './counters.ts';
import type { VerifyContext } from './fact.ts';
import { limited } from './limited.ts';
import { findPod, nameOf } from './pods.ts';

/** The first few show whether requests are answered at all: where they are not, each of the others would wait for its end. */
const firstRequests = 10;
const otherRequests = 90;
/** Of many clusters each must have its part: with twenty for each, one that is well is as good as never missed. */
const requestsPerCluster = 20;
/**
 * A gateway passes connections on, not requests: where several clusters are behind one, each connection stays with the pod of one of them.
 * So many clients at the same time make as many connections.
 */
const clientsOfSharedNetwork = 16;
const longestRequestSeconds = 5;
const separator = '~~~';

export interface Answer {
  /** 0 when there was no answer. */
  code: number;
  /** The version of helloworld that answered, and the name of its pod; undefined for any other answer. */
  version: string | undefined;
  instance: string | undefined;
  /** Where that pod is. */
  cluster: string | undefined;
  /** Milliseconds. */
  time: number;
  text: string;
}

export interface Traffic {
  asked: number;
  answers: Answer[];
}

export const isGood = (answer: Answer): boolean => answer.code === 200 && answer.version !== undefined;

/** The traffic of this run from a cluster: made once, after the counters have been read for the first time. */
export function trafficFrom(context: VerifyContext, cluster: string): Promise<Traffic> {
  return context.once(`traffic/${cluster}`, async () => {
    await countersBefore(context);
    const before = await serversOf(context);
    return limited(context, 'traffic', clientsAtOnce, () => askAll(context, cluster, before));
  });
}

/** Clusters from which is asked at the same time. */
const clientsAtOnce = 4;

async function askAll(context: VerifyContext, cluster: string, before: Map<string, string>): Promise<Traffic> {
  const first = await ask(context, cluster, firstRequests);
  const more = Math.max(otherRequests, context.mesh.clusters.length * requestsPerCluster);
  const clients = seesSharedNetwork(context, cluster) ? clientsOfSharedNetwork : 1;
  const others = first.every(isGood) ? await ask(context, cluster, Math.ceil(more / clients), clients) : undefined;
  const servers = new Map([...before, ...(await serversOf(context))]);
  const answers = [...first, ...(others ?? [])].map((one) => ({ ...one, cluster: servers.get(one.instance ?? '') }));
  return { asked: firstRequests + (others ? Math.ceil(more / clients) * clients : 0), answers };
}

/** Whether several clusters stand together on a network that the cluster is not on. */
export function seesSharedNetwork({ mesh }: Pick<VerifyContext, 'mesh'>, cluster: string): boolean {
  const own = mesh.clusters.find((one) => one.name === cluster)?.network;
  const others = mesh.clusters.filter((one) => one.network !== own);
  return new Set(others.map((one) => one.network)).size < others.length;
}

/** Where requests of a client end: a cluster, or all of another network behind whose gateways nobody can ask for one of them. */
export interface Destination {
  name: string;
  clusters: string[];
}

export function destinationsOf({ mesh }: Pick<VerifyContext, 'mesh'>, from: string): Destination[] {
  const own = mesh.clusters.find((one) => one.name === from)?.network;
  const groups = Map.groupBy(mesh.clusters, (one) => (one.network === own ? `cluster ${one.name}` : one.network));
  return [...groups.values()].map((group) => ({
    name: group.length > 1 ? group[0]!.network : group[0]!.name,
    clusters: group.map((one) => one.name),
  }));
}

/** What the proxies had counted before any traffic of this run. */
export const countersBefore = (context: VerifyContext) => context.once('counters before', () => readCounters(context));

/** Pods of helloworld by name, and their clusters. */
async function serversOf({ mesh, client }: VerifyContext): Promise<Map<string, string>> {
  const found = await Promise.all(
    mesh.clusters.map(async ({ name }) => {
      const { items } = await client(name).list<Pod>(kinds.Pod, {
        namespace: mesh.sample.namespace,
        labelSelector: 'app=helloworld',
      });
      return items.map((pod): [string, string] => [nameOf(pod), name]);
    }),
  );
  return new Map(found.flat());
}

/** Runs the command after its first argument so often at the same time, and prints what they have printed one after the other. */
const atTheSameTime =
  'n=$1; shift; d=$(mktemp -d); while [ "$n" -gt 0 ]; do "$@" > "$d/$n" & n=$((n-1)); done; wait; cat "$d"/*; rm -r "$d"';

/** @param clients how many ask that many times each, at the same time. @throws IsthmusError when they could not even ask. */
async function ask(context: VerifyContext, cluster: string, count: number, clients = 1): Promise<Answer[]> {
  const client = context.client(cluster);
  const { namespace } = context.mesh.sample;
  const pod = nameOf(await findPod(client, namespace, 'app=curl'));
  const url = `http://helloworld.${namespace}:5000/hello?[1-${count}]`;
  const format = `${separator}%{http_code} %{time_total}\\n`;
  const command = ['curl', '-s', '--max-time', String(longestRequestSeconds), '-w', format, url];
  const result = await client.exec({
    namespace,
    pod,
    container: 'curl',
    command: clients > 1 ? ['/bin/sh', '-c', atTheSameTime, 'sh', String(clients), ...command] : command,
    timeoutMs: count * longestRequestSeconds * 1000,
    signal: context.signal,
  });
  const answers = parseAnswers(result.stdout);
  if (answers.length > 0) return answers;
  throw new IsthmusError({
    code: 'verify.no-traffic',
    what: 'the client could not ask',
    where: `${cluster}/${namespace}/${pod}`,
    why: result.stderr.trim() || `curl ended with code ${result.exitCode}`,
  });
}

/** What curl printed: for each request the answer, then the code and the seconds that it took. */
export function parseAnswers(output: string): Answer[] {
  const pattern = new RegExp(`([\\s\\S]*?)${separator}(\\d+) ([\\d.]+)\\n`, 'g');
  return [...output.matchAll(pattern)].map(([, body = '', code, seconds]) => {
    const text = body.trim();
    const [, version, instance] = /^Hello version: (\S+), instance: (\S+)$/.exec(text) ?? [];
    return { code: Number(code), version, instance, cluster: undefined, time: Number(seconds) * 1000, text };
  });
}
