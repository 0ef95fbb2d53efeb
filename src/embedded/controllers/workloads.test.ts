import { describe, expect, it } from 'vitest';
import type { KubeObject, Pod } from '../../kube/index.ts';
import { amount, desiredReplicas, limited, type Recommendation } from './autoscaler-rules.ts';
import { dueTime } from './cron-jobs.ts';
import { nextTime, parseSchedule } from './cron-schedule.ts';
import { count } from './disruptions.ts';
import { slicesFor } from './endpoint-mirroring.ts';
import { indexesIn, indexText } from './job-indexes.ts';
import { trackingFinalizer } from './job-pods.ts';
import { judge, pause, wantedIndexes } from './job-rules.ts';
import { account } from './job-tracking.ts';
import { garbage } from './pod-garbage.ts';
import { nextActions } from './stateful-sets.ts';
import { fits, provisionedVolume } from './volume-rules.ts';

const ready = { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] };

describe('a StatefulSet', () => {
  const revision = (name: string): KubeObject => ({ metadata: { name }, data: { spec: { template: {} } } });
  const [old, update] = [revision('db-old'), revision('db-new')];
  const set = (spec: object, status: object = {}): KubeObject => ({
    metadata: { name: 'db' },
    spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, ...spec },
    status: { currentRevision: 'db-old', ...status },
  });
  const pod = (ordinal: number, hash = 'db-new', status: object = ready, more: object = {}): Pod => ({
    metadata: { name: `db-${ordinal}`, labels: { 'controller-revision-hash': hash }, ...more },
    spec: {},
    status,
  });
  const act = (spec: object, pods: Pod[]) => {
    const { create, remove } = nextActions(set(spec), pods, { update, all: [old, update] });
    return [
      create.map(({ ordinal, revision: one }) => `${ordinal} ${one.metadata.name}`),
      remove.map((one) => one.metadata.name),
    ];
  };

  it.each([
    ['starts with the first', {}, [], [['0 db-new'], []]],
    ['waits for one to be ready', {}, [pod(0, 'db-new', {})], [[], []]],
    ['goes on when it is', {}, [pod(0)], [['1 db-new'], []]],
    [
      'starts all at once in parallel',
      { podManagementPolicy: 'Parallel' },
      [],
      [['0 db-new', '1 db-new', '2 db-new'], []],
    ],
    ['shrinks from the end', { replicas: 1 }, [pod(0), pod(1), pod(2)], [[], ['db-2']]],
    [
      'shrinks one at a time',
      { replicas: 1 },
      [pod(0), pod(1), pod(2, 'db-new', ready, { deletionTimestamp: 'x' })],
      [[], []],
    ],
    ['updates from the end', {}, [pod(0, 'db-old'), pod(1, 'db-old'), pod(2)], [[], ['db-1']]],
    ['waits for what it has updated', {}, [pod(0, 'db-old'), pod(1, 'db-old'), pod(2, 'db-new', {})], [[], []]],
    [
      'leaves what is below the partition',
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      [pod(0, 'db-old'), pod(1, 'db-old'), pod(2)],
      [[], []],
    ],
    [
      'brings it back as it was',
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      [pod(0, 'db-old')],
      [['1 db-old'], []],
    ],
    [
      'leaves updates to others with OnDelete',
      { updateStrategy: { type: 'OnDelete' } },
      [pod(0, 'db-old'), pod(1), pod(2)],
      [[], []],
    ],
    ['counts from its first ordinal', { replicas: 1, ordinals: { start: 5 } }, [], [['5 db-new'], []]],
    ['replaces a pod that has failed', {}, [pod(0, 'db-new', { phase: 'Failed' })], [[], ['db-0']]],
  ])('%s', (_, spec, pods, expected) => {
    expect(act(spec, pods)).toEqual(expected);
  });
});

describe('a Job', () => {
  const job = (spec: object = {}, status: object = {}): KubeObject => ({
    metadata: { name: 'j', namespace: 'n' },
    spec: { completions: 2, parallelism: 2, backoffLimit: 1, template: { spec: { restartPolicy: 'Never' } }, ...spec },
    status,
  });
  const pod = (uid: string, phase: string, more: object = {}, finalizers = [trackingFinalizer]): Pod => ({
    metadata: { name: uid, uid, namespace: 'n', finalizers, ...more },
    spec: {},
    status: {
      phase,
      containerStatuses: [{ state: { terminated: { exitCode: 3, finishedAt: '2026-01-01T00:00:00Z' } } }],
    },
  });
  const facts = (one: KubeObject, pods: Pod[]) => ({
    job: one,
    pods,
    active: pods.filter(({ status }) => status?.['phase'] === 'Running'),
    counted: account(one, pods),
  });

  it('counts an end once: written down, released, made a number', () => {
    const first = account(job(), [pod('a', 'Succeeded'), pod('b', 'Running')]);
    expect(first).toMatchObject({ succeeded: 1, stored: { succeeded: 0, uncounted: { succeeded: ['a'] } } });
    expect(first.toRelease.map(({ metadata }) => metadata.uid)).toEqual(['a']);
    const known = job({}, { uncountedTerminatedPods: first.stored.uncounted });
    expect(account(known, [pod('a', 'Succeeded')]).stored.succeeded).toBe(0);
    const released = account(known, [pod('a', 'Succeeded', {}, [])]);
    expect(released).toMatchObject({ succeeded: 1, isComplete: true, stored: { succeeded: 1, uncounted: {} } });
    expect(account(job({}, { succeeded: 1 }), [pod('a', 'Succeeded', {}, [])]).succeeded).toBe(1);
  });
  it('keeps indexes as ranges, and knows which are next', () => {
    expect(indexText(new Set([0, 2, 3, 4, 7, 8]))).toBe('0,2-4,7,8');
    expect([...indexesIn('0,2-4')]).toEqual([0, 2, 3, 4]);
    const index = (value: number) => ({ annotations: { 'batch.kubernetes.io/job-completion-index': String(value) } });
    const indexed = job({ completionMode: 'Indexed', completions: 4 }, { completedIndexes: '0' });
    expect(wantedIndexes(facts(indexed, [pod('b', 'Running', index(2))]))).toEqual([1, 3]);
    expect(account(indexed, [pod('a', 'Succeeded', index(1))]).stored).toMatchObject({
      succeeded: 2,
      completedIndexes: '0,1',
    });
  });
  it.each([
    ['goes on', {}, {}, [pod('a', 'Running')], undefined],
    ['is complete', {}, { succeeded: 2 }, [], 'CompletionsReached'],
    ['has failed too often', {}, { failed: 2 }, [], 'BackoffLimitExceeded'],
    ['is too late', { activeDeadlineSeconds: 5 }, { startTime: '2026-01-01T00:00:00Z' }, [], 'DeadlineExceeded'],
    [
      'of any size is complete with the first success',
      { completions: undefined },
      { succeeded: 1 },
      [],
      'CompletionsReached',
    ],
    [
      'fails by its policy',
      { podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [3] } }] } },
      {},
      [pod('a', 'Failed')],
      'PodFailurePolicy',
    ],
    [
      'leaves out failures that its policy ignores',
      {
        backoffLimit: 0,
        podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [3] } }] },
      },
      {},
      [pod('a', 'Failed')],
      undefined,
    ],
  ])('%s', (_, spec, status, pods, reason) => {
    expect(judge(facts(job(spec, status), pods))?.reason).toBe(reason);
  });
  it('waits longer after each failure', () => {
    const at = Date.parse('2026-01-01T00:00:04Z');
    expect(pause(facts(job(), [pod('a', 'Failed')]), at)).toBe(6_000);
    expect(pause(facts(job(), [pod('a', 'Failed'), pod('b', 'Failed')]), at)).toBe(16_000);
    expect(pause(facts(job(), []), at)).toBe(0);
  });
});

describe('a schedule', () => {
  const next = (text: string, after: string, zone?: string) => {
    const found = nextTime(parseSchedule(text), Date.parse(after), zone);
    return found && new Date(found).toISOString().replace(':00.000Z', 'Z');
  };
  it.each([
    ['*/15 * * * *', '2026-01-01T00:07:30Z', undefined, '2026-01-01T00:15Z'],
    ['0 9 * * mon-fri', '2026-01-02T10:00:00Z', undefined, '2026-01-05T09:00Z'],
    ['30 4 1,15 * 5', '2026-01-01T05:00:00Z', undefined, '2026-01-02T04:30Z'],
    ['@monthly', '2026-01-31T23:59:00Z', undefined, '2026-02-01T00:00Z'],
    ['0 0 29 2 *', '2026-03-01T00:00:00Z', undefined, '2028-02-29T00:00Z'],
    ['0 9 * * *', '2026-07-01T08:00:00Z', 'Europe/Berlin', '2026-07-02T07:00Z'],
    ['0 9 * * 7', '2026-01-01T00:00:00Z', 'UTC', '2026-01-04T09:00Z'],
    ['0 0 31 2 *', '2026-01-01T00:00:00Z', undefined, undefined],
  ])('%s comes after %s in %s at %s', (text, after, zone, expected) => {
    expect(next(text, after, zone)).toBe(expected);
  });
  it.each([
    ['* * * *', 'expected exactly 5 fields, found 4'],
    ['61 * * * *', 'failed to parse minute "61"'],
    ['* * * foo *', 'failed to parse month "foo"'],
    ['*/0 * * * *', 'failed to parse minute "*/0"'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => parseSchedule(text)).toThrow(message);
  });
  it('is due once, at the latest time that has come and is within the deadline', () => {
    const cron = (spec: object, last = '2026-01-01T00:00:00Z'): KubeObject => ({
      metadata: {},
      spec,
      status: { lastScheduleTime: last },
    });
    const hourly = parseSchedule('0 * * * *');
    const now = Date.parse('2026-01-01T03:10:00Z');
    expect(dueTime(cron({}), hourly, now)).toBe(Date.parse('2026-01-01T03:00:00Z'));
    expect(dueTime(cron({ startingDeadlineSeconds: 60 }), hourly, now)).toBeUndefined();
    expect(dueTime(cron({}, '2026-01-01T03:00:00Z'), hourly, now)).toBeUndefined();
    expect(dueTime(cron({}, '2020-01-01T00:00:00Z'), hourly, now)).toBe(Date.parse('2026-01-01T03:00:00Z'));
  });
});

describe('an autoscaler', () => {
  const pod = (name: string, cpu = '100m'): Pod => ({
    metadata: { name },
    spec: { containers: [{ name: 'm', resources: { requests: { cpu } } }] },
  });
  const measured = (name: string, cpu: string): KubeObject => ({
    metadata: { name },
    containers: [{ name: 'm', usage: { cpu } }],
  });
  const source = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } };
  it('asks for what keeps the use near the target', () => {
    const ask = (used: string, current = 1) =>
      desiredReplicas({ source, pods: [pod('a')], measured: [measured('a', used)], current });
    expect(ask('150m')).toMatchObject({ replicas: 3, current: { averageUtilization: 150 } });
    expect(ask('52m')).toMatchObject({ replicas: 1 });
    expect(ask('100m', 2)).toMatchObject({ replicas: 2 });
    expect(desiredReplicas({ source, pods: [pod('a')], measured: [], current: 1 })).toHaveProperty('problem');
  });
  it('grows at a pace, and shrinks when that was wanted for a while', () => {
    const history: Recommendation[] = [];
    const spec = { minReplicas: 1, maxReplicas: 20 };
    expect(limited(spec, 1, 12, history, 0)).toMatchObject({ replicas: 5, reason: 'ScaleUpLimit' });
    expect(limited(spec, 5, 30, history, 15_000)).toMatchObject({ replicas: 10 });
    expect(limited(spec, 10, 1, history, 30_000)).toMatchObject({ replicas: 10 });
    expect(limited(spec, 10, 1, history, 400_000)).toMatchObject({ replicas: 1 });
  });
  it('reads quantities', () => {
    expect([amount('1500m'), amount('2'), amount('1Ki'), amount('250000000n')]).toEqual([1.5, 2, 1024, 0.25]);
  });
});

it('a budget allows what is healthy beyond what it wants', () => {
  const pods = Array.from({ length: 3 }, (_, at): Pod => ({ metadata: { name: String(at) }, spec: {}, status: ready }));
  const allowed = (spec: object) => count({ metadata: {}, spec }, pods, 4).disruptionsAllowed;
  expect([allowed({ minAvailable: 2 }), allowed({ maxUnavailable: 1 }), allowed({ minAvailable: '50%' })]).toEqual([
    1, 0, 1,
  ]);
});

it('Endpoints become slices, one for each subset', () => {
  const slices = slicesFor({
    metadata: { name: 'out', namespace: 'n', uid: 'u' },
    subsets: [{ addresses: [{ ip: '10.0.0.1' }], notReadyAddresses: [{ ip: '10.0.0.2' }], ports: [{ port: 80 }] }],
  });
  expect(slices).toMatchObject([
    {
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['10.0.0.1'], conditions: { ready: true } },
        { addresses: ['10.0.0.2'], conditions: { ready: false } },
      ],
    },
  ]);
});

it('pods that nobody takes away are taken away', () => {
  const pod = (name: string, nodeName: string | undefined, more: object = {}): Pod => ({
    metadata: { name, ...more },
    spec: { nodeName },
  });
  const pods = [pod('lost', 'gone'), pod('kept', 'here'), pod('unbound', undefined, { deletionTimestamp: 'x' })];
  const since = new Map<string, number>();
  const names = (now: number) => garbage(pods, new Set(['here']), since, now).map(({ metadata }) => metadata.name);
  expect(names(0)).toEqual(['unbound']);
  expect(names(60_000)).toEqual(['lost', 'unbound']);
});

describe('a claim', () => {
  const claim: KubeObject = {
    metadata: { name: 'data', namespace: 'n', uid: 'u1' },
    spec: { storageClassName: 'standard', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  it('gets a folder of its own, which fits it and no larger claim', () => {
    const volume = provisionedVolume(claim, { metadata: { name: 'standard' } }, '/v');
    expect(volume['spec'].hostPath).toEqual({ path: '/v/pvc-u1', type: 'DirectoryOrCreate' });
    expect(fits(volume, claim)).toBe(true);
    const larger = { ...claim, spec: { ...claim['spec'], resources: { requests: { storage: '2G' } } } };
    expect(fits(volume, larger)).toBe(false);
    expect(fits(volume, { ...claim, spec: { ...claim['spec'], storageClassName: '' } })).toBe(false);
  });
});
