/** Lifecycle hooks of a container: what is done right after its start and right before its end. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ProbeTarget } from './probes.ts';

/** Runs a hook's handler. Gives why it failed, or undefined; never takes longer than the time in milliseconds. */
export async function runHook(handler: any, target: ProbeTarget, timeoutMs: number): Promise<string | undefined> {
  if (handler.exec) {
    const { exitCode, output } = await target.exec(handler.exec.command ?? [], timeoutMs);
    return exitCode === 0
      ? undefined
      : `command '${(handler.exec.command ?? []).join(' ')}' exited with ${exitCode}: ${output.trim()}`;
  }
  if (handler.sleep) {
    const ms = Math.min(timeoutMs, (handler.sleep.seconds ?? 0) * 1000);
    await new Promise((resolve) => setTimeout(resolve, ms));
    return undefined;
  }
  if (handler.httpGet) return call(handler.httpGet, target, timeoutMs);
  // Deprecated, and without effect in Kubernetes too.
  if (handler.tcpSocket) return undefined;
  return 'invalid handler: cannot run';
}

/** Only the connection and the status count; what a hook answers is nobody's business. */
function call(get: any, target: ProbeTarget, timeoutMs: number): Promise<string | undefined> {
  const secure = get.scheme === 'HTTPS';
  const url = `${secure ? 'https' : 'http'}://${get.host || target.podIp}:${target.port(get.port)}${get.path ?? '/'}`;
  const headers: Record<string, string> = { 'user-agent': 'kube-lifecycle/1.36', accept: '*/*' };
  for (const { name, value } of get.httpHeaders ?? []) headers[name] = value;
  return new Promise((resolve) => {
    const request = (secure ? httpsRequest : httpRequest)(
      url,
      { headers, agent: false, ...(secure ? { rejectUnauthorized: false } : {}) },
      (response) => {
        response.resume();
        const code = response.statusCode ?? 0;
        response.on('close', () => resolve(code < 400 ? undefined : `Get "${url}": unexpected status ${code}`));
      },
    );
    const timer = setTimeout(() => request.destroy(new Error('context deadline exceeded')), timeoutMs);
    request.on('close', () => clearTimeout(timer));
    request.on('error', (error) => resolve(`Get "${url}": ${error.message}`));
    request.end();
  });
}
