import { whyUnreached } from '../diagnosis.ts';
import { type Claim, fail, pass, type VerifyContext } from '../fact.ts';
import { isGood, trafficFrom } from '../traffic.ts';

/** Each link between clusters is alive, with the time that a request takes over it; a cluster's link with itself is for comparison. */
export function links(context: VerifyContext): Claim[] {
  const names = context.mesh.clusters.map((one) => one.name);
  return names.flatMap((from) =>
    names.map((to) => ({
      id: `link/${from}-${to}`,
      title: `link ${from} to ${to} is alive`,
      clusters: [from, to],
      expected: `at least one answer of a pod of ${to}`,
      async measure() {
        const { asked, answers } = await trafficFrom(context, from);
        const times = answers
          .filter((one) => isGood(one) && one.cluster === to)
          .map((one) => one.time)
          .sort((a, b) => a - b);
        if (times.length === 0) return fail(`no answer to ${asked} requests`, await whyUnreached(context, from, to));
        const [median, slowest] = [times[Math.floor(times.length / 2)]!, times.at(-1)!];
        return pass(`${times.length} answers, median ${median.toFixed(1)} ms, slowest ${slowest.toFixed(1)} ms`);
      },
    })),
  );
}
