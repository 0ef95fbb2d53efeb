/** What containers use, from the accounts of their processes in /proc: there are no cgroups of their own to ask. */
import { readFileSync } from 'node:fs';
import type { PodWorker } from './pod-worker.ts';

/** The kernel's unit of times in /proc, the same on every Linux machine. */
const nanosecondsPerTick = 10_000_000;

export interface Usage {
  /** Of processor time since the start, those that ended included. */
  cpuNanoseconds: number;
  memoryBytes: number;
}

/** Of a process and all below it. */
export function usageBelow(pid: number): Usage {
  const total = { cpuNanoseconds: 0, memoryBytes: 0 };
  const add = (one: number): void => {
    try {
      // The second field may hold spaces and brackets.
      const fields = readFileSync(`/proc/${one}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
      // Times of the process itself, and of its children that have ended.
      total.cpuNanoseconds += fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * nanosecondsPerTick;
      total.memoryBytes += memoryOf(one);
      for (const child of readFileSync(`/proc/${one}/task/${one}/children`, 'utf8').split(' ').filter(Boolean))
        add(Number(child));
    } catch {} // it has just ended
  };
  add(pid);
  return total;
}

/** A page that several processes share counts in parts. */
function memoryOf(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}

/** The kubelet's /stats/summary, as far as there are figures. */
export function statsSummary(nodeName: string, workers: Iterable<PodWorker>) {
  const time = new Date().toISOString();
  const shown = ({ cpuNanoseconds, memoryBytes }: Usage) => ({
    cpu: { time, usageCoreNanoSeconds: cpuNanoseconds },
    memory: { time, usageBytes: memoryBytes, workingSetBytes: memoryBytes, rssBytes: memoryBytes },
  });
  const pods = [...workers].flatMap((worker) => {
    const containers = worker.containers.flatMap((container) => {
      const { pid, state } = container;
      if (!pid || state.kind !== 'running') return [];
      return [{ name: container.spec.name as string, startTime: state.startedAt, usage: usageBelow(pid) }];
    });
    if (containers.length === 0) return [];
    const sum = containers.reduce(
      (total, { usage }) => ({
        cpuNanoseconds: total.cpuNanoseconds + usage.cpuNanoseconds,
        memoryBytes: total.memoryBytes + usage.memoryBytes,
      }),
      { cpuNanoseconds: 0, memoryBytes: 0 },
    );
    return [
      {
        podRef: worker.reference,
        startTime: worker.startTime,
        containers: containers.map(({ name, startTime, usage }) => ({ name, startTime, ...shown(usage) })),
        ...shown(sum),
      },
    ];
  });
  return { node: { nodeName, startTime: startOfNode, ...shown(usageBelow(process.pid)) }, pods };
}

const startOfNode = new Date(Date.now() - process.uptime() * 1000).toISOString();

/** The kubelet's /metrics/resource, for a metrics-server or a Prometheus. */
export function resourceMetrics(summary: ReturnType<typeof statsSummary>): string {
  const lines: string[] = [];
  const family = (name: string, type: string, samples: [labels: Record<string, string>, value: number][]): void => {
    lines.push(`# TYPE ${name} ${type}`);
    for (const [labels, value] of samples) {
      const text = Object.entries(labels).map(([key, one]) => `${key}="${one}"`);
      lines.push(`${name}${text.length > 0 ? `{${text.join(',')}}` : ''} ${value} ${Date.now()}`);
    }
  };
  type Sample = { cpu: { usageCoreNanoSeconds: number }; memory: { workingSetBytes: number } };
  const seconds = ({ cpu }: Sample): number => cpu.usageCoreNanoSeconds / 1e9;
  const bytes = ({ memory }: Sample): number => memory.workingSetBytes;
  const pods = summary.pods.map((one) => ({ labels: { namespace: one.podRef.namespace, pod: one.podRef.name }, one }));
  const containers = pods.flatMap(({ labels, one }) =>
    one.containers.map((container) => ({ labels: { container: container.name, ...labels }, one: container })),
  );
  family(
    'container_cpu_usage_seconds_total',
    'counter',
    containers.map(({ labels, one }) => [labels, seconds(one)]),
  );
  family(
    'container_memory_working_set_bytes',
    'gauge',
    containers.map(({ labels, one }) => [labels, bytes(one)]),
  );
  family(
    'container_start_time_seconds',
    'gauge',
    containers.map(({ labels, one }) => [labels, Date.parse(one.startTime) / 1000]),
  );
  family(
    'pod_cpu_usage_seconds_total',
    'counter',
    pods.map(({ labels, one }) => [labels, seconds(one)]),
  );
  family(
    'pod_memory_working_set_bytes',
    'gauge',
    pods.map(({ labels, one }) => [labels, bytes(one)]),
  );
  family('node_cpu_usage_seconds_total', 'counter', [[{}, seconds(summary.node)]]);
  family('node_memory_working_set_bytes', 'gauge', [[{}, bytes(summary.node)]]);
  family('resource_scrape_error', 'gauge', [[{}, 0]]);
  return `${lines.join('\n')}\n`;
}
