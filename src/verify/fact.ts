/** A fact: a claim about the mesh, and what was measured of it. Green only for what was measured. */
import type { KubeClient } from '../kube/index.ts';
import type { Mesh } from '../spec/index.ts';

export interface Fact {
  /** Stable: the name of the fact, and the cluster or link that it is about. */
  id: string;
  /** The claim, as a sentence that is true when the fact passes. */
  title: string;
  /** What it is about: one cluster, or the two of a direction in its order, or all. */
  clusters: string[];
  status: 'pass' | 'fail' | 'unknown';
  /** What was seen, with exact counts. */
  measured: string;
  expected: string;
  /** Milliseconds. */
  durationMs: number;
  why?: string | undefined;
  fix?: string | undefined;
}

export type Verdict = Pick<Fact, 'status' | 'measured' | 'why' | 'fix'>;

export interface Claim extends Pick<Fact, 'id' | 'title' | 'clusters' | 'expected'> {
  /** Measures. An exception makes the fact unknown, with its message as the reason. */
  measure(): Promise<Verdict>;
}

/** What claims share: the clusters, and what is measured once for several of them. */
export interface VerifyContext {
  mesh: Mesh;
  client(cluster: string): KubeClient;
  /** Ends waits and requests: the user's wish, or the end of the time for all facts. */
  signal: AbortSignal;
  /** Returns the same promise for the same key. */
  once<T>(key: string, make: () => Promise<T>): Promise<T>;
}

/** The cause of a failure and what to do, as far as they are known. */
export interface Cause {
  why: string;
  fix?: string | undefined;
}

const verdict =
  (status: Fact['status']) =>
  (measured: string, { why, fix }: Partial<Cause> = {}): Verdict => ({
    status,
    measured,
    ...(why ? { why } : {}),
    ...(fix ? { fix } : {}),
  });

export const pass = verdict('pass');
export const fail = verdict('fail');
/** It could not be measured, or what was measured proves nothing. */
export const unknown = verdict('unknown');
