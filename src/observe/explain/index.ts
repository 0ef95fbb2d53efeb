/**
 * Why a request goes where it goes: its way from a client's workload to the application that answers, read from what the proxies on the
 * way really have, each step with the object that decides it. Nothing is sent and nothing is changed. It does not draw: that is the
 * business of the command line and of the console.
 */
import { findClient } from './client.ts';
import { conclude } from './conclude.ts';
import { readConfig } from './config.ts';
import { parseDestination } from './destination.ts';
import { MeshFacts, type ObservedCluster } from './facts.ts';
import { branch } from './trace.ts';
import type { Explanation } from './types.ts';
import { walk } from './walk.ts';

export type { ObservedCluster } from './facts.ts';
export type * from './types.ts';

export interface ExplainOptions {
  clusters: readonly ObservedCluster[];
  /** `CLUSTER/NAMESPACE/WORKLOAD-or-POD`, or as much of it as makes it one. */
  from: string;
  /** As the client writes it: `host[:port][/path]`, with http://, https:// or tcp:// before it if not HTTP. */
  to: string;
  method?: string | undefined;
  /** Headers that the client sends, which routes may ask for. */
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * @throws IsthmusError `explain.client` or `explain.destination` where it is not said clearly who asks whom. What cannot be read of the
 *   clusters is in the answer instead.
 */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  const to = parseDestination(options.to, options.method);
  const facts = new MeshFacts(options.clusters, options.signal ?? new AbortController().signal);
  const client = await findClient(facts, options.from);
  const config = await facts.once(`config ${client.cluster}`, () => readConfig(facts, client.cluster));
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const trace = { facts, config, client, to, headers };
  const { way, hostname } = await walk(trace);
  const path = branch('', 1, way.steps, way);
  const { object: _, ...from } = client;
  return { from, to: { ...to, ...(hostname ? { hostname } : {}) }, path, ...conclude(path), unread: facts.unread };
}
