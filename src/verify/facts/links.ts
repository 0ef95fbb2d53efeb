import { whyUnreached } from '../diagnosis.ts';
import { type Claim, fail, pass, type VerifyContext } from '../fact.ts';
import { destinationsOf, isGood, trafficFrom } from '../traffic.ts';

/**
 * Each link between clusters is alive, with the time that a request takes over it; a cluster's link with itself is for comparison. Where
 * several clusters are behind the gateways of a network the link is one with that network.
 */
export function links(context: VerifyContext): Claim[] {
  const names = context.mesh.clusters.map((one) => one.name);
  return names.flatMap((from) =>
    destinationsOf(context, from).map(({ name: to, clusters }) => ({
      id: `link/${from}-${to}`,
      title: `link ${from} to ${to} is alive`,
      clusters: [from, ...clusters],
      expected: `at least one answer of a pod of ${clusters.join(' or ')}`,
      async measure() {
        const { asked, answers } = await trafficFrom(context, from);
        const times = answers
          .filter((one) => isGood(one) && clusters.includes(one.cluster ?? ''))
          .map((one) => one.time)
          .sort((a, b) => a - b);
        if (times.length === 0)
          return fail(`no answer to ${asked} requests`, await whyUnreached(context, from, clusters[0]!));
        const [median, slowest] = [times[Math.floor(times.length / 2)]!, times.at(-1)!];
        return pass(`${times.length} answers, median ${median.toFixed(1)} ms, slowest ${slowest.toFixed(1)} ms`);
      },
    })),
  );
}
