/** A fact: a claim about the mesh, and what was measured of it. Green only for what was measured. */
import type { KubeClient } from '../kube/index.ts';
import type { Mesh, MeshCluster } from '../spec/index.ts';

export interface Fact {
  /** Stable: the name of the fact, and the cluster or link that it is about. */
  id: string;
  /** The claim, as a sentence that is true when the fact passes. */
  title: string;
  status: 'pass' | 'fail' | 'unknown';
  /** What was seen, with exact counts. */
  measured: string;
  expected: string;
  /** Milliseconds. */
  durationMs: number;
  why?: string;
  fix?: string;
}

export type Verdict = Omit<Fact, 'id' | 'title' | 'durationMs' | 'expected'>;

export interface Claim {
  id: string;
  title: string;
  expected: string;
  /** Measures. An exception makes the fact unknown, with its message as the reason. */
  measure(): Promise<Verdict>;
}

export interface VerifyContext {
  mesh: Mesh;
  client(cluster: string): KubeClient;
  signal: AbortSignal;
  /** The traffic that several facts look at: made once. */
  traffic: Map<string, Promise<Traffic>>;
  /** Counters before any traffic of this run. */
  before: Promise<Counters>;
}

export interface Answer {
  /** The version that answered, or undefined for an answer that is none of helloworld's. */
  version: string | undefined;
  code: number;
  /** Milliseconds. */
  time: number;
  text: string;
}

export interface Traffic {
  cluster: MeshCluster;
  asked: number;
  answers: Answer[];
}

/** Requests that a destination proxy has counted. */
export interface Counter {
  destinationCluster: string;
  sourceCluster: string;
  sourcePrincipal: string;
  security: string;
  count: number;
}

export type Counters = Counter[];

export const pass = (measured: string): Verdict => ({ status: 'pass', measured });
export const fail = (measured: string, why?: string, fix?: string): Verdict => ({
  status: 'fail',
  measured,
  ...(why ? { why } : {}),
  ...(fix ? { fix } : {}),
});
