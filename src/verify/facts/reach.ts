import { sampleVersion } from '../../mesh/index.ts';
import { whyUnreached } from '../diagnosis.ts';
import { type Cause, type Claim, fail, pass, type Verdict, type VerifyContext } from '../fact.ts';
import { readyPods } from '../pods.ts';
import { type Answer, isGood, seesSharedNetwork, type Traffic, trafficFrom } from '../traffic.ts';

/** Requests from each cluster are all answered, by every version, each about as often as it has endpoints. */
export function reach(context: VerifyContext): Claim[] {
  const { clusters } = context.mesh;
  const versions = [...new Set(clusters.map((_, index) => sampleVersion(index)))];
  return clusters.map(({ name }) => ({
    id: `reach/${name}`,
    title: `the client in ${name} reaches ${versions.join(' and ')} of helloworld`,
    clusters: [name],
    // Connections through a gateway to several clusters stay with one of them: their parts are those of connections, which are few.
    expected: seesSharedNetwork(context, name)
      ? 'every request answered, and some by each version'
      : 'every request answered, no version more than five standard deviations below its part of the endpoints',
    async measure() {
      const traffic = await trafficFrom(context, name);
      const shares = seesSharedNetwork(context, name)
        ? new Map(versions.map((version) => [version, 0]))
        : await sharesOf(context, versions);
      const verdict = judge(traffic, shares);
      if (verdict.status === 'pass') return verdict;
      return fail(verdict.measured, await causeOf(context, name, traffic, verdict));
    },
  }));
}

/** Each version's part of all endpoints; equal parts where none is ready, so that it is missed. */
async function sharesOf({ mesh, client }: VerifyContext, versions: string[]): Promise<Map<string, number>> {
  const pods = await Promise.all(
    mesh.clusters.map(({ name }) => readyPods(client(name), mesh.sample.namespace, 'app=helloworld')),
  );
  const all = pods.flat();
  const count = (version: string) => all.filter((pod) => pod.metadata.labels?.['version'] === version).length;
  const isWhole = versions.every((version) => count(version) > 0);
  return new Map(versions.map((version) => [version, isWhole ? count(version) / all.length : 1 / versions.length]));
}

export function judge({ asked, answers }: Traffic, shares: Map<string, number>): Verdict {
  const good = answers.filter(isGood);
  const counts = [...shares].map(([version, share]) => ({
    version,
    count: good.filter((one) => one.version === version).length,
    least: asked * share - 5 * Math.sqrt(asked * share * (1 - share)),
  }));
  const measured = `${good.length} of ${asked} answered: ${counts.map(({ version, count }) => `${version} ${count}`).join(', ')}`;
  if (good.length < asked) return fail(measured, { why: worstOf(asked, answers) });
  const rare = counts.filter(({ count, least }) => count === 0 || count < least).map((one) => one.version);
  if (rare.length === 0) return pass(measured);
  return fail(measured, {
    why: `${rare.join(', ')} answered less than its part: its endpoints are missing or weigh too little`,
  });
}

function worstOf(asked: number, answers: Answer[]): string {
  const bad = answers.find((one) => !isGood(one));
  if (!bad) return `only ${answers.length} of ${asked} requests were made`;
  return bad.code === 0 ? 'there was no answer' : `an answer was ${bad.code}: ${bad.text.slice(0, 200)}`;
}

/** What was seen, and what is wrong on the way to the first cluster that did not answer. */
async function causeOf(
  context: VerifyContext,
  from: string,
  traffic: Traffic,
  verdict: Verdict,
): Promise<Partial<Cause>> {
  const silent = context.mesh.clusters.filter(
    ({ name }) => !traffic.answers.some((one) => isGood(one) && one.cluster === name),
  );
  for (const to of silent.length > 0 ? silent : context.mesh.clusters) {
    const cause = await whyUnreached(context, from, to.name);
    if (cause) return { why: `${verdict.why}; ${cause.why}`, fix: cause.fix };
  }
  return verdict.why ? { why: verdict.why } : {};
}
