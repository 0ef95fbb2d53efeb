/** Envoy's admin interface, which is open to its own pod only: it is asked there, by Istio's agent as istioctl does, by curl where the image has no agent. */
import type { ExecResult } from '../kube/index.ts';

/**
 * @param exec runs a command in the proxy's container
 * @param path as in `config_dump?include_eds`
 * @throws Error with what each way answered
 */
export async function askAdmin(exec: (command: string[]) => Promise<ExecResult>, path: string): Promise<any> {
  const commands = [
    ['pilot-agent', 'request', 'GET', path],
    ['curl', '-sS', '--fail', `http://127.0.0.1:15000/${path}`],
  ];
  const refusals: string[] = [];
  for (const command of commands) {
    const { stdout, stderr, exitCode } = await exec(command);
    if (exitCode === 0) return JSON.parse(stdout);
    refusals.push(`${command[0]} ended with ${exitCode}: ${(stderr || stdout).trim().slice(0, 200)}`);
  }
  throw new Error(refusals.join('; '));
}
