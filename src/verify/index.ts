/**
 * Active proof that a mesh works: traffic, identity, refusal, separation, metrics; one file a fact. It makes traffic from the sample, and
 * nothing else that stays. It speaks to the Kubernetes API only.
 */
import { messageOf } from '../errors/index.ts';
import { KubeClient, type KubeConnection } from '../kube/index.ts';
import type { Mesh } from '../spec/index.ts';
import { type Claim, type Fact, unknown, type Verdict, type VerifyContext } from './fact.ts';
import { facts } from './facts/index.ts';

export type { Fact } from './fact.ts';

export interface VerifyOptions {
  mesh: Mesh;
  clusters: { name: string; connection: KubeConnection }[];
  signal?: AbortSignal;
  /** Called with each fact as soon as it is measured. */
  onFact?: (fact: Fact) => void;
  /** Milliseconds for all facts; what is not measured by then is unknown. */
  timeoutMs?: number;
}

/** All facts, in the order of the catalogue; they are measured at the same time. Without the sample nothing can be proven. */
export async function verify(options: VerifyOptions): Promise<Fact[]> {
  const clients = new Map(
    options.clusters.map(({ name, connection }) => [name, new KubeClient({ ...connection, name })]),
  );
  try {
    return await measureAll({ ...options, client: (name) => clients.get(name)! });
  } finally {
    for (const client of clients.values()) await client[Symbol.asyncDispose]();
  }
}

/** As `verify`, with clients that are already there. */
export async function measureAll(
  options: Omit<VerifyOptions, 'clusters'> & Pick<VerifyContext, 'client'>,
): Promise<Fact[]> {
  const { mesh } = options;
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 60_000 + 15_000 * mesh.clusters.length);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const context: VerifyContext = { mesh, client: options.client, signal, once: memory() };
  const claims = mesh.sample.enabled ? facts.flatMap((claimsOf) => claimsOf(context)) : [withoutSample];
  // All are waited for, also when the user interrupts: those that made something take it away again.
  const results = await Promise.all(
    claims.map(async (claim) => {
      const fact = await measured(claim, signal);
      if (!options.signal?.aborted) options.onFact?.(fact);
      return fact;
    }),
  );
  options.signal?.throwIfAborted();
  return results;
}

const withoutSample: Claim = {
  id: 'sample',
  title: 'the mesh carries traffic',
  clusters: [],
  expected: 'the sample',
  measure: async () =>
    unknown('nothing', {
      why: 'spec.sample.enabled is false in mesh.yaml',
      fix: 'enable the sample and run isthmus up',
    }),
};

/** A claim that has been told to end may still take away what it made. */
const graceMs = 5_000;

async function measured(claim: Claim, signal: AbortSignal): Promise<Fact> {
  const begun = performance.now();
  const verdict = await Promise.race([claim.measure().catch(notMeasured), late(signal)]);
  const { id, title, clusters, expected } = claim;
  return { id, title, clusters, expected, durationMs: Math.round(performance.now() - begun), ...verdict };
}

const notMeasured = (error: unknown): Verdict =>
  unknown('it could not be measured', { why: messageOf(error), fix: (error as { fix?: string })?.fix });

/** For what no signal ends, as a request to an API server that never answers. */
function late(signal: AbortSignal): Promise<Verdict> {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const end = () =>
    setTimeout(() => resolve(unknown('it could not be measured', { why: 'the time for it is over' })), graceMs).unref();
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return promise;
}

function memory(): VerifyContext['once'] {
  const made = new Map<string, Promise<unknown>>();
  return <T>(key: string, make: () => Promise<T>) => {
    const known = made.get(key) as Promise<T> | undefined;
    if (known) return known;
    const promise = make();
    // Whoever awaits it is told; that nobody may is no reason to end the process.
    promise.catch(() => {});
    made.set(key, promise);
    return promise;
  };
}
