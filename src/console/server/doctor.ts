/**
 * What the doctor finds, kept. The clusters are read again when something that checks read has changed, and now and then for what nobody
 * watches; never in more than a quarter of the time, and not at all while nobody looks.
 */
import { type Diagnosis, diagnose, type Finding } from '../../doctor/index.ts';
import { type ClusterModel, type MeshChange, type Observer, proxyStatuses, staleTypes } from '../../observe/index.ts';
import type { DoctorFinding, DoctorReport } from '../api.ts';
import type { Viewer } from './viewer.ts';

/** Changes come in swarms, as when a Deployment is rolled out. */
const gatherMs = 1000;
const leastPauseMs = 5000;
/** Times as long as it was examined nothing is: on a mesh that takes long to read, or does not answer, it is done more seldom. */
const restFactor = 3;
/** Webhooks, address pools and Secrets are not watched, and certificates end by themselves. */
const sweepMs = 60_000;
/** Who has asked is taken to look on for so long. */
const interestMs = 120_000;

/** Kinds of which no check reads anything that the watch tells. */
const unread = new Set([
  'ServiceAccount',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'Deployment',
  'WorkloadEntry',
  'WorkloadGroup',
]);

interface StandingDoctorOptions {
  /** Whether pages are open, to which a change is told. */
  isWatched: () => boolean;
  /** Called when other things are found than before. */
  onChange: () => void;
  /** As for `diagnose`. */
  graceMs?: number;
}

export class StandingDoctor {
  readonly #observer: Observer;
  readonly #onChange: () => void;
  readonly #graceMs: number | undefined;
  readonly #abort = new AbortController();
  readonly #since = new Map<string, string>();
  readonly #sweep: NodeJS.Timeout;
  #facts = '';
  #kept: { diagnosis: Diagnosis; findings: DoctorFinding[]; examinedAt: number } | undefined;
  #isStale = true;
  #running: Promise<void> | undefined;
  #next: NodeJS.Timeout | undefined;
  #notBefore = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  readonly #isWatched: () => boolean;

  constructor(observer: Observer, options: StandingDoctorOptions) {
    this.#observer = observer;
    this.#graceMs = options.graceMs;
    this.#isWatched = options.isWatched;
    this.#onChange = options.onChange;
    observer.model.on((change) => this.#accept(change));
    observer.facts.onRound(() => this.#acceptFacts());
    this.#sweep = setInterval(() => this.#spoil(), sweepMs).unref();
  }

  /** What is known now; waits only where nothing is, or what is known is old. */
  async report(viewer: Viewer): Promise<DoctorReport> {
    this.#askedAt = Date.now();
    if (!this.#kept || (this.#isStale && Date.now() - this.#kept.examinedAt > sweepMs)) await this.#run();
    else if (this.#isStale) this.#schedule();
    return this.#reportFor(viewer);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    clearInterval(this.#sweep);
    clearTimeout(this.#next);
    await this.#running;
  }

  #accept(change: MeshChange): void {
    if ('kind' in change && unread.has(change.kind)) return;
    this.#spoil();
  }

  /** Of what istiods say only what checks judge: counters and nonces change all the time. */
  #acceptFacts(): void {
    const facts = JSON.stringify(
      this.#observer.clusters.map((cluster) => {
        const { istiods, tokens } = this.#observer.facts.of(cluster);
        return [
          istiods.map(({ pod, clusterz, syncz, error }) => [
            pod,
            error,
            clusterz?.map((one) => [one.id, one.syncStatus, one.lastError]),
            syncz && proxyStatuses(cluster.name, pod, syncz).map((one) => [one.cluster, one.proxy, staleTypes(one)]),
          ]),
          [...tokens],
        ];
      }),
    );
    if (facts !== this.#facts) this.#spoil();
    this.#facts = facts;
  }

  #spoil(): void {
    this.#isStale = true;
    if (this.#isWatched() || Date.now() - this.#askedAt < interestMs) this.#schedule();
  }

  #schedule(): void {
    if (this.#next || this.#abort.signal.aborted) return;
    const wait = Math.max(gatherMs, this.#notBefore - Date.now());
    this.#next = setTimeout(() => {
      this.#next = undefined;
      void this.#run();
    }, wait).unref();
  }

  #run(): Promise<void> {
    this.#running ??= this.#examine().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #examine(): Promise<void> {
    const { clusters } = this.#observer;
    const begun = Date.now();
    this.#isStale = false;
    const diagnosis = await diagnose({
      clusters: clusters.map(patientOf),
      signal: this.#abort.signal,
      ...(this.#graceMs === undefined ? {} : { graceMs: this.#graceMs }),
    });
    this.#notBefore = Date.now() + Math.max(leastPauseMs, (Date.now() - begun) * restFactor);
    if (this.#abort.signal.aborted) return;
    const before = this.#kept && substanceOf(this.#kept.diagnosis);
    this.#kept = { diagnosis, findings: this.#identified(diagnosis, clusters), examinedAt: begun };
    if (before !== substanceOf(diagnosis)) this.#onChange();
    if (this.#isStale) this.#spoil();
  }

  #identified({ findings, checks }: Diagnosis, clusters: ClusterModel[]): DoctorFinding[] {
    const titles = new Map(checks.map((one) => [one.code, one.title]));
    const counted = new Map<string, number>();
    const found = findings.map((one): DoctorFinding => {
      const { code, severity, message, fix } = one;
      const object = one.object && { ...one.object, cluster: meshName(clusters, one.object.cluster) };
      const place = [code, object?.kind, object?.cluster, object?.namespace, object?.name].join('/');
      const number = (counted.get(place) ?? 0) + 1;
      counted.set(place, number);
      const id = number === 1 ? place : `${place}#${number}`;
      const since = this.#since.get(id) ?? new Date().toISOString();
      return {
        id,
        code,
        severity,
        title: titles.get(code) ?? '',
        message,
        ...(object ? { object } : {}),
        ...(fix ? { fix } : {}),
        since,
      };
    });
    this.#since.clear();
    for (const { id, since } of found) this.#since.set(id, since);
    return found;
  }

  #reportFor(viewer: Viewer): DoctorReport {
    const { diagnosis, findings, examinedAt } = this.#kept!;
    const { clusters } = this.#observer;
    const sees = (cluster: string, namespace = ''): boolean =>
      viewer.canSee({ cluster: meshName(clusters, cluster), namespace });
    const isSeen = ({ object, beside = [] }: Finding): boolean =>
      [...(object ? [object] : []), ...beside].every((one) => sees(one.cluster, one.namespace)) &&
      (object !== undefined || clusters.every((one) => sees(one.name)));
    const seesAll = clusters.every((one) => sees(one.name));
    const seen = findings.filter((_, index) => isSeen(diagnosis.findings[index]!));
    const unseen = diagnosis.unread.filter((one) => sees(one.cluster));
    const count = (severity: DoctorFinding['severity']): number =>
      seen.filter((one) => one.severity === severity).length;
    const counts = { error: count('error'), warning: count('warning'), info: count('info') };
    return {
      examinedAt: new Date(examinedAt).toISOString(),
      running: this.#isStale || this.#running !== undefined,
      healthy: counts.error + counts.warning === 0 && unseen.length === 0,
      counts,
      examined: diagnosis.examined.map((one) => meshName(clusters, one)),
      findings: seen,
      checks: diagnosis.checks.map((one) =>
        one.state === 'unknown' ||
        seen.some((finding) => finding.code === one.code) ||
        (seesAll && one.state === 'passed')
          ? one
          : { ...one, state: 'unknown' as const, why: 'not all that it reads is yours to see' },
      ),
      unread: unseen.map((one) => ({ ...one, cluster: meshName(clusters, one.cluster) })),
    };
  }
}

/** The doctor calls clusters by their contexts, since its commands are typed with them. */
const patientOf = (cluster: ClusterModel) => ({
  name: cluster.context,
  client: cluster.client,
  silence: cluster.api.reachable ? undefined : cluster.api.reason,
  held: (kind: Parameters<ClusterModel['held']>[0]) => cluster.held(kind),
});

const meshName = (clusters: ClusterModel[], context: string): string =>
  clusters.find((one) => one.context === context)?.name ?? context;

const substanceOf = ({ findings, checks, unread: missing }: Diagnosis): string =>
  JSON.stringify([findings, checks, missing]);
