import { sampleVersion } from '../../mesh/index.ts';
import { type Answer, type Claim, fail, pass, type VerifyContext } from '../fact.ts';
import { trafficFrom } from '../traffic.ts';

/** Least share of a version: with fair choice among two and 100 requests, less happens once in some million runs. */
const leastShare = 0.25;

/** Requests from each cluster are all answered, by every version, in about equal parts. */
export function reach(context: VerifyContext): Claim[] {
  const versions = [...new Set(context.mesh.clusters.map((_, index) => sampleVersion(index)))];
  return context.mesh.clusters.map((cluster) => ({
    id: `reach/${cluster.name}`,
    title: `the client in ${cluster.name} reaches ${versions.join(' and ')} of helloworld`,
    expected: `every request answered, each version at least ${Math.round((leastShare / versions.length) * 2 * 100)} %`,
    async measure() {
      const { asked, answers } = await trafficFrom(context, cluster);
      return judge(asked, answers, versions);
    },
  }));
}

export function judge(asked: number, answers: Answer[], versions: string[]) {
  const good = answers.filter((one) => one.code === 200 && one.version !== undefined);
  const counts = versions.map((version) => ({ version, count: good.filter((one) => one.version === version).length }));
  const measured = `${good.length} of ${asked} answered: ${counts.map(({ version, count }) => `${version} ${count}`).join(', ')}`;
  if (good.length < asked) {
    const bad = answers.find((one) => one.code !== 200);
    return fail(
      measured,
      bad ? `an answer was ${bad.code || 'none'}: ${bad.text.slice(0, 200)}` : 'not all requests were made',
    );
  }
  const least = (leastShare / versions.length) * 2 * asked;
  const rare = counts.filter(({ count }) => count < least);
  if (rare.length > 0)
    return fail(
      measured,
      `${rare.map((one) => one.version).join(', ')} answered less than its part: its endpoints are missing or weigh too little`,
    );
  return pass(measured);
}

/** Each link between clusters is alive, with the time that a request takes over it. */
export function links(context: VerifyContext): Claim[] {
  const { clusters } = context.mesh;
  return clusters.flatMap((from) =>
    clusters.map((to, index) => ({
      id: `link/${from.name}-${to.name}`,
      title: `link ${from.name} to ${to.name} is alive`,
      expected: 'at least one answer over it',
      async measure() {
        const { answers } = await trafficFrom(context, from);
        const times = answers
          .filter((one) => one.code === 200 && one.version === sampleVersion(index))
          .map((one) => one.time)
          .sort((a, b) => a - b);
        if (times.length === 0) return fail('no answer');
        return pass(
          `${times.length} answers, median ${times[Math.floor(times.length / 2)]!.toFixed(1)} ms, slowest ${times.at(-1)!.toFixed(1)} ms`,
        );
      },
    })),
  );
}
