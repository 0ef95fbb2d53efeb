import type { ClusterModel } from '../model/cluster-model.ts';
import type { PodLogs } from '../types/index.ts';

export interface LogOptions {
  container: string;
  tailLines: number;
  /** Seconds since 1970. */
  sinceTime?: number | undefined;
}

/** Envoy's text access log: `[time] "METHOD path protocol" code flags ...`. */
const accessLog = /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] "/;

export async function readLogs(
  cluster: ClusterModel,
  namespace: string,
  pod: string,
  options: LogOptions,
): Promise<PodLogs> {
  const { container, tailLines, sinceTime } = options;
  const sinceSeconds = sinceTime ? Math.max(1, Math.ceil(Date.now() / 1000 - sinceTime)) : undefined;
  const text = String(
    (await cluster.client.logs({
      namespace,
      pod,
      container,
      tailLines,
      timestamps: true,
      ...(sinceSeconds ? { sinceSeconds } : {}),
    })) ?? '',
  );
  const lines = text.split('\n').filter(Boolean);
  return {
    cluster: cluster.name,
    namespace,
    pod,
    container,
    entries: lines.map(entryOf),
    linesTruncated: lines.length >= tailLines,
  };
}

function entryOf(line: string): PodLogs['entries'][number] {
  const [, timestamp, rest] = /^(\d{4}-\d\d-\d\dT\S+Z?) (.*)$/s.exec(line) ?? [];
  const message = rest ?? line;
  const severity = /\b(debug|info|warn|error|DEBUG|INFO|WARN|ERROR)/.exec(message.slice(0, 80))?.[1]?.toUpperCase();
  return {
    ...(timestamp ? { timestamp } : {}),
    message,
    ...(severity ? { severity: severity as 'INFO' } : {}),
    isAccessLog: accessLog.test(message),
  };
}
