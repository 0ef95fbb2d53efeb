/**
 * Looks for what is known to go wrong with meshes over several clusters, whoever made them: one file a check, each with a stable code. It
 * reads only. What needs traffic to be known is the business of verify; why one request goes where it goes is that of explain.
 */
import { messageOf } from '../errors/index.ts';
import type { Finding, Severity } from './check.ts';
import { checks } from './checks/index.ts';
import { type ExaminedCluster, examine } from './patient.ts';

export type { Finding, FoundObject, Severity } from './check.ts';
export type { ExaminedCluster } from './patient.ts';

export interface Diagnosis {
  /** No error and no warning was found. */
  healthy: boolean;
  /** Clusters that could be read. */
  examined: string[];
  findings: Finding[];
  checks: { code: string; title: string; state: 'passed' | 'found' | 'unknown'; why?: string }[];
  /** What could not be read, and so was not judged. */
  unread: { cluster: string; what: string; why: string }[];
}

const ranks: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

/** Runs every check. One that fails by itself is unknown, and the others go on. */
export async function diagnose(options: {
  clusters: readonly ExaminedCluster[];
  signal?: AbortSignal | undefined;
  /** What was sent to a proxy that long ago it should have acknowledged. */
  graceMs?: number;
}): Promise<Diagnosis> {
  const signal = options.signal ?? new AbortController().signal;
  const patient = await examine(options.clusters, signal, options.graceMs ?? 2_000);
  const done = await Promise.all(
    checks.map(async ({ code, title, run }) => {
      try {
        const findings = (await run(patient)).map((one): Finding => ({ code, ...one }));
        return {
          findings,
          check: { code, title, state: findings.length > 0 ? ('found' as const) : ('passed' as const) },
        };
      } catch (error) {
        return { findings: [], check: { code, title, state: 'unknown' as const, why: messageOf(error) } };
      }
    }),
  );
  const findings = done.flatMap((one) => one.findings).sort((a, b) => ranks[a.severity] - ranks[b.severity]);
  return {
    healthy: !findings.some((one) => one.severity !== 'info') && patient.unread.length === 0,
    examined: [...patient.clusters, ...patient.outside].map((one) => one.name),
    findings,
    checks: done.map((one) => one.check),
    unread: patient.unread,
  };
}
