/** The mesh that the figures are taken on, and what they have in common. */
import { join } from 'node:path';
import { KubeClient, kinds, loadKubeconfig, type Pod } from '../src/kube/index.ts';
import { isthmus } from '../test/support/isthmus.ts';

export interface BenchMesh {
  home: string;
  client(cluster: string): KubeClient;
}

export function meshAt(home: string): BenchMesh {
  const clients = new Map<string, KubeClient>();
  return {
    home,
    client(cluster) {
      const known = clients.get(cluster) ?? new KubeClient(loadKubeconfig(join(home, 'kubeconfig'), cluster));
      clients.set(cluster, known);
      return known;
    },
  };
}

/** Seconds that a command takes. @throws Error with its output when it fails. */
export async function timed(args: string[], home: string, env: Record<string, string> = {}): Promise<number> {
  const begun = performance.now();
  const result = await isthmus(args, { home, env, timeoutMs: 600_000 });
  if (result.code !== 0)
    throw new Error(`isthmus ${args.join(' ')} ended with ${result.code}:\n${result.stdout}${result.stderr}`);
  return (performance.now() - begun) / 1000;
}

export async function podOf(client: KubeClient, namespace: string, labelSelector: string): Promise<Pod> {
  for (let tries = 0; tries < 300; tries++) {
    const { items } = await client.list<Pod>(kinds.Pod, { namespace, labelSelector });
    const ready = items.find((pod) =>
      (pod['status']?.conditions ?? []).some((one: any) => one.type === 'Ready' && one.status === 'True'),
    );
    if (ready) return ready;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no ready pod ${labelSelector} in ${client.name}/${namespace}`);
}

export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
