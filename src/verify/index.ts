/**
 * Active proof that a mesh works: traffic, identity, refusal, separation, metrics; one file a fact. It makes traffic from the sample, and
 * nothing else that stays. It speaks to the Kubernetes API only.
 */
import { messageOf } from '../errors/index.ts';
import { KubeClient, type KubeConnection } from '../kube/index.ts';
import { type Mesh, primariesOf } from '../spec/index.ts';
import { readCounters } from './counters.ts';
import type { Claim, Counters, Fact, VerifyContext } from './fact.ts';
import { facts, pairsBefore } from './facts/index.ts';

export type { Fact } from './fact.ts';

export interface VerifyOptions {
  mesh: Mesh;
  clusters: { name: string; connection: KubeConnection }[];
  signal?: AbortSignal;
  /** Called with each fact as soon as it is measured. */
  onFact?: (fact: Fact) => void;
}

/** All facts, in the order of the catalogue; they are measured at the same time. Without the sample nothing can be proven. */
export async function verify(options: VerifyOptions): Promise<Fact[]> {
  const { mesh } = options;
  if (!mesh.sample.enabled) {
    const fact: Fact = {
      id: 'sample',
      title: 'the mesh carries traffic',
      status: 'unknown',
      measured: 'nothing',
      expected: 'the sample',
      durationMs: 0,
      why: 'spec.sample.enabled is false in mesh.yaml',
      fix: 'enable the sample and run isthmus up',
    };
    options.onFact?.(fact);
    return [fact];
  }
  const clients = new Map(
    options.clusters.map(({ name, connection }) => [name, new KubeClient({ ...connection, name })]),
  );
  try {
    const context: VerifyContext = {
      mesh,
      client: (name) => clients.get(name)!,
      signal: options.signal ?? new AbortController().signal,
      traffic: new Map(),
      before: Promise.resolve([]),
    };
    context.before = countBefore(context);
    context.before.catch(() => {});
    return await Promise.all(facts.flatMap((claims) => claims(context)).map((claim) => measured(claim, options)));
  } finally {
    for (const client of clients.values()) await client[Symbol.asyncDispose]();
  }
}

/** Everything that is compared with its value before the traffic is read before the traffic. */
async function countBefore(context: VerifyContext): Promise<Counters> {
  const [counters] = await Promise.all([
    readCounters(context),
    ...(context.mesh.telemetry.enabled
      ? primariesOf(context.mesh).map((primary) => pairsBefore(context, primary.name).catch(() => undefined))
      : []),
  ]);
  return counters;
}

async function measured(claim: Claim, options: VerifyOptions): Promise<Fact> {
  const begun = performance.now();
  const verdict = await claim.measure().catch((error) => {
    if (options.signal?.aborted) throw options.signal.reason;
    return {
      status: 'unknown' as const,
      measured: 'it could not be measured',
      why: messageOf(error),
      ...(error?.fix ? { fix: error.fix as string } : {}),
    };
  });
  const fact: Fact = {
    id: claim.id,
    title: claim.title,
    expected: claim.expected,
    durationMs: Math.round(performance.now() - begun),
    ...verdict,
  };
  options.onFact?.(fact);
  return fact;
}
