/** Reads what a proxy really has: by its own admin interface, asked inside of its pod, as istioctl proxy-config does. */
import { messageOf } from '../../errors/index.ts';
import { type ProxyDump, readDump } from './envoy/dump.ts';
import type { MeshFacts } from './facts.ts';

export type ReadProxy = { dump: ProxyDump } | { why: string };

/** Read once for each pod. Never throws: what cannot be read is said. */
export function readProxy(facts: MeshFacts, cluster: string, namespace: string, pod: string): Promise<ReadProxy> {
  return facts.once(`proxy ${cluster}/${namespace}/${pod}`, async (): Promise<ReadProxy> => {
    try {
      const [config, clusters] = await Promise.all(
        ['config_dump?include_eds', 'clusters?format=json'].map((path) => ask(facts, cluster, namespace, pod, path)),
      );
      return { dump: readDump(config, clusters) };
    } catch (error) {
      return { why: messageOf(error) };
    }
  });
}

/** By Istio's agent, as istioctl does; by curl where the image has no agent. */
async function ask(facts: MeshFacts, cluster: string, namespace: string, pod: string, path: string): Promise<any> {
  const commands = [
    ['pilot-agent', 'request', 'GET', path],
    ['curl', '-sS', '--fail', `http://127.0.0.1:15000/${path}`],
  ];
  const refusals: string[] = [];
  for (const command of commands) {
    const { stdout, stderr, exitCode } = await facts.exec(cluster, namespace, pod, 'istio-proxy', command);
    if (exitCode === 0) return JSON.parse(stdout);
    refusals.push(`${command[0]} ended with ${exitCode}: ${(stderr || stdout).trim().slice(0, 200)}`);
  }
  throw new Error(refusals.join('; '));
}
