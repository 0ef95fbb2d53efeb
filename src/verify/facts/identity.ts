import { type Counter, increases, labelOf, readCounters, total } from '../counters.ts';
import { type Claim, fail, pass, unknown, type VerifyContext } from '../fact.ts';
import { sharedReading } from '../shared-reading.ts';
import { countersBefore, isGood, trafficFrom } from '../traffic.ts';
import { until } from '../until.ts';

/** The servers saw the client's own identity, by mutual TLS, on as many requests as were answered. */
export function identity(context: VerifyContext): Claim[] {
  const { mesh } = context;
  const principal = `spiffe://${mesh.trustDomain}/ns/${mesh.sample.namespace}/sa/curl`;
  return mesh.clusters.map(({ name }) => ({
    id: `identity/${name}`,
    title: `servers see the client in ${name} as ${principal}`,
    clusters: [name],
    expected: 'counted by the destination proxies for every answer, with mutual TLS',
    async measure() {
      const before = await countersBefore(context);
      const { answers } = await trafficFrom(context, name);
      const answered = answers.filter(isGood).length;
      if (answered === 0) return unknown('no request was answered, so no identity was seen');
      const read = () => sharedReading(context, 'servers', () => readCounters(context, 'app=helloworld'));
      const look = async () => judge(increases(before, await read()), name, principal);
      const { proven, others } = await until(look, (seen) => seen.proven >= answered, {
        withinMs: 5_000 + 1_000 * mesh.clusters.length,
        signal: context.signal,
      });
      const measured = `${proven} of ${answered} requests`;
      if (proven >= answered && others.length === 0) return pass(measured);
      return fail(measured, {
        why:
          others.length > 0
            ? `also seen: ${others.join(', ')}`
            : `the proxies of the servers counted ${proven} requests of the client in ${name}`,
        fix: `see how the proxies of ${name} stand: isthmus status`,
      });
    },
  }));
}

/** Requests whose client was proven to be the one asked for, and who else asked from there. */
export function judge(grown: Counter[], cluster: string, principal: string): { proven: number; others: string[] } {
  const atServers = grown.filter(
    (one) => labelOf(one, 'reporter') === 'destination' && labelOf(one, 'destination_app') === 'helloworld',
  );
  const isProven = (one: Counter): boolean =>
    labelOf(one, 'source_principal') === principal && labelOf(one, 'connection_security_policy') === 'mutual_tls';
  const from = (one: Counter): boolean => labelOf(one, 'source_cluster') === cluster;
  // Who cannot prove who he is cannot prove where he is either: he may be the client.
  const isSuspect = (one: Counter): boolean =>
    !isProven(one) && (from(one) || labelOf(one, 'source_cluster') === 'unknown');
  const others = atServers
    .filter(isSuspect)
    .map(
      (one) =>
        `${labelOf(one, 'source_principal')} (${labelOf(one, 'connection_security_policy')}, ${one.count} requests)`,
    );
  return { proven: total(atServers.filter((one) => from(one) && isProven(one))), others: [...new Set(others)] };
}
