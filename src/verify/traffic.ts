/** Requests from the client of one cluster, all by one command, so that what is counted is what was asked. */
import { IsthmusError } from '../errors/index.ts';
import { kinds, type Pod } from '../kube/index.ts';
import { readCounters } from './counters.ts';
import type { VerifyContext } from './fact.ts';
import { findPod, nameOf } from './pods.ts';

/** The first few show whether requests are answered at all: where they are not, each of the others would wait for its end. */
const firstRequests = 10;
const otherRequests = 90;
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
    const first = await ask(context, cluster, firstRequests);
    const others = first.every(isGood) ? await ask(context, cluster, otherRequests) : undefined;
    const servers = new Map([...before, ...(await serversOf(context))]);
    const answers = [...first, ...(others ?? [])].map((one) => ({ ...one, cluster: servers.get(one.instance ?? '') }));
    return { asked: firstRequests + (others ? otherRequests : 0), answers };
  });
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

/** @throws IsthmusError when the client could not even ask. */
async function ask(context: VerifyContext, cluster: string, count: number): Promise<Answer[]> {
  const client = context.client(cluster);
  const { namespace } = context.mesh.sample;
  const pod = nameOf(await findPod(client, namespace, 'app=curl'));
  const url = `http://helloworld.${namespace}:5000/hello?[1-${count}]`;
  const format = `${separator}%{http_code} %{time_total}\\n`;
  const result = await client.exec({
    namespace,
    pod,
    container: 'curl',
    command: ['curl', '-s', '--max-time', String(longestRequestSeconds), '-w', format, url],
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
