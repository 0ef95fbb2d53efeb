import { sampleVersion } from '../../mesh/index.ts';
import { increase, readCounters } from '../counters.ts';
import { type Claim, fail, pass, type VerifyContext } from '../fact.ts';
import { trafficFrom } from '../traffic.ts';
import { until } from '../until.ts';

/** The servers saw the client's own identity, by mutual TLS, on exactly as many requests as were made. */
export function identity(context: VerifyContext): Claim[] {
  const { mesh } = context;
  const principal = `spiffe://${mesh.trustDomain}/ns/${mesh.sample.namespace}/sa/curl`;
  return mesh.clusters.map((cluster) => ({
    id: `identity/${cluster.name}`,
    title: `servers see the client in ${cluster.name} as ${principal}`,
    expected: 'counted by the destination proxies for every answer, with mutual TLS',
    async measure() {
      const before = await context.before;
      const { answers } = await trafficFrom(context, cluster);
      const versions = new Set(mesh.clusters.map((_, index) => sampleVersion(index)));
      const answered = answers.filter((one) => one.version && versions.has(one.version)).length;
      if (answered === 0) return { status: 'unknown', measured: 'no request was answered, so no identity was seen' };
      const from = (counter: { sourceCluster: string }) => counter.sourceCluster === cluster.name;
      const after = await until(
        () => readCounters(context),
        (found) => increase(before, found, from) >= answered,
        { withinMs: 5_000, signal: context.signal },
      );
      const proven = increase(
        before,
        after,
        (one) => from(one) && one.sourcePrincipal === principal && one.security === 'mutual_tls',
      );
      const all = increase(before, after, from);
      const measured = `${proven} of ${answered} requests`;
      if (proven >= answered && all === proven) return pass(measured);
      const others = [
        ...new Set(
          after
            .filter((one) => from(one) && one.sourcePrincipal !== principal)
            .map((one) => `${one.sourcePrincipal} (${one.security})`),
        ),
      ];
      return fail(
        measured,
        others.length > 0
          ? `also seen: ${others.join(', ')}`
          : `the proxies counted ${all} requests from ${cluster.name}`,
      );
    },
  }));
}
