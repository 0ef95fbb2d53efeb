/** Probes of a container: when they are made, what counts as success, and what follows. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { checkGrpcHealth } from './grpc-probe.ts';

export interface ProbeTarget {
  podIp: string;
  /** Number of a port by its number or name. */
  port(nameOrNumber: string | number): number;
  exec(command: string[], timeoutMs: number): Promise<{ exitCode: number; output: string }>;
}

export type ProbeResult = { ok: true } | { ok: false; why: string };

export async function probeOnce(probe: any, target: ProbeTarget): Promise<ProbeResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.httpGet) return await httpProbe(probe.httpGet, target, timeoutMs);
    if (probe.tcpSocket)
      return await tcpProbe(probe.tcpSocket.host ?? target.podIp, target.port(probe.tcpSocket.port), timeoutMs);
    if (probe.grpc) {
      const why = await checkGrpcHealth(target.podIp, probe.grpc.port, probe.grpc.service ?? '', timeoutMs);
      return why === undefined ? { ok: true } : { ok: false, why };
    }
    if (probe.exec) {
      const { exitCode, output } = await target.exec(probe.exec.command ?? [], timeoutMs);
      return exitCode === 0
        ? { ok: true }
        : { ok: false, why: output.trim().slice(0, 1024) || `command ended with code ${exitCode}` };
    }
    return { ok: false, why: 'the probe says neither httpGet, tcpSocket, grpc nor exec' };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

function httpProbe(get: any, target: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
  const host = get.host || target.podIp;
  const port = target.port(get.port);
  const secure = get.scheme === 'HTTPS';
  const url = `${secure ? 'https' : 'http'}://${host}:${port}${get.path ?? '/'}`;
  const headers: Record<string, string> = { 'user-agent': 'kube-probe/1.36', accept: '*/*' };
  for (const { name, value } of get.httpHeaders ?? []) headers[name] = value;
  return new Promise((resolve) => {
    const fail = (why: string) => resolve({ ok: false, why });
    const call = (secure ? httpsRequest : httpRequest)(
      url,
      { headers, agent: false, ...(secure ? { rejectUnauthorized: false } : {}) },
      (response) => {
        response.resume();
        const code = response.statusCode ?? 0;
        response.on('end', () =>
          code >= 200 && code < 400 ? resolve({ ok: true }) : fail(`HTTP probe failed with statuscode: ${code}`),
        );
        response.on('error', (error) => fail(error.message));
      },
    );
    const timer = setTimeout(() => call.destroy(new Error('context deadline exceeded')), timeoutMs);
    call.on('close', () => clearTimeout(timer));
    call.on('error', (error) => fail(`Get "${url}": ${error.message}`));
    call.end();
  });
}

function tcpProbe(host: string, port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const settle = (result: ProbeResult) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => settle({ ok: true }));
    socket.once('timeout', () => settle({ ok: false, why: `dial tcp ${host}:${port}: i/o timeout` }));
    socket.once('error', (error) => settle({ ok: false, why: `dial tcp ${host}:${port}: ${error.message}` }));
  });
}

/** Until the first success a probe is repeated at once, so that a start takes as long as it takes, and not the next full period. */
const eagerMs = 50;
const eagerLimitMs = 1000;

/**
 * Makes a probe over and over. `onChange` hears each change of the judged state (after the thresholds); `onFailure` each single failure.
 * Returns the function that ends it.
 */
export function startProbing(
  probe: any,
  target: ProbeTarget,
  hear: { onChange(ok: boolean, why: string): void; onFailure(why: string): void },
): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let judged: boolean | undefined;
  let successes = 0;
  let failures = 0;
  let eager = eagerMs;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const once = async (): Promise<void> => {
    const result = await probeOnce(probe, target);
    if (stopped) return;
    if (result.ok) {
      failures = 0;
      if (++successes >= (probe.successThreshold ?? 1) && judged !== true) {
        judged = true;
        hear.onChange(true, '');
      }
    } else {
      successes = 0;
      // Eager attempts come faster than the threshold was meant for: only full periods count.
      if (eager > eagerLimitMs || judged === true) {
        hear.onFailure(result.why);
        if (++failures >= (probe.failureThreshold ?? 3) && judged !== false) {
          judged = false;
          hear.onChange(false, result.why);
        }
      }
    }
    const wait = judged !== true && eager <= eagerLimitMs ? eager : periodMs;
    if (judged !== true) eager *= 1.3;
    timer = setTimeout(() => void once(), Math.min(wait, periodMs));
  };
  timer = setTimeout(() => void once(), (probe.initialDelaySeconds ?? 0) * 1000);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
