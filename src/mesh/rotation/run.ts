/** What the rotations have in common: the clusters, their bundles, and waiting for all that must have followed. */
import { setTimeout as pause } from 'node:timers/promises';
import { IsthmusError } from '../../errors/index.ts';
import { type ConfigMap, KubeClient, kinds, type Secret } from '../../kube/index.ts';
import { splitPem, verifyChain } from '../../pki/index.ts';
import type { Mesh } from '../../spec/index.ts';
import { applyObject } from '../apply.ts';
import { type MeshTarget, type RotatingTrustStore, systemNamespace } from '../part.ts';
import { type Bundle, bundleOf, printsOf, secretName, secretOf } from '../parts/bundle.ts';
import { type ProxyTrust, proxiesOf } from './proxies.ts';

export interface RotationOptions {
  mesh: Mesh;
  clusters: MeshTarget[];
  trust: RotatingTrustStore;
  signal: AbortSignal;
  progress?: (step: string, state: 'working' | 'waiting' | 'done', detail?: string) => void;
  /** Milliseconds for each step. */
  timeoutMs?: number;
}

export interface RotationRun extends RotationOptions {
  clients: KubeClient[];
}

export async function withClients<T>(options: RotationOptions, work: (run: RotationRun) => Promise<T>): Promise<T> {
  const clients = options.clusters.map(({ name, connection }) => new KubeClient({ ...connection, name }));
  try {
    return await work({ ...options, clients });
  } finally {
    for (const client of clients) await client[Symbol.asyncDispose]();
  }
}

/** @throws IsthmusError `mesh.no-cacerts` where the mesh does not stand yet. */
export async function readBundle(client: KubeClient): Promise<Bundle> {
  const secret = await client.find<Secret>(kinds.Secret, secretName, systemNamespace);
  if (secret) return bundleOf(secret);
  throw new IsthmusError({
    code: 'mesh.no-cacerts',
    fault: 'user',
    what: `there is no Secret ${secretName} to rotate`,
    where: `${client.name}/${systemNamespace}`,
    fix: 'bring the mesh up first: isthmus up',
  });
}

export const writeBundle = (client: KubeClient, bundle: Bundle) => applyObject(client, secretOf(bundle));

/** Waits until every cluster gives these roots to its pods, in this order. */
export async function untilGiven(run: RotationRun, step: string, roots: string): Promise<void> {
  const wanted = printsOf(roots).join();
  await untilNone(run, step, async () => {
    const found = await Promise.all(
      run.clients.map((client) => client.find<ConfigMap>(kinds.ConfigMap, 'istio-ca-root-cert', systemNamespace)),
    );
    return run.clients
      .filter((_, index) => printsOf(found[index]?.data?.['root-cert.pem'] ?? '').join() !== wanted)
      .map((client) => `ConfigMap istio-ca-root-cert of ${client.name} is not written yet`);
  });
}

/** Waits until all proxies are as they should be. @param lackOf says what a proxy lacks */
export async function untilProxies(
  run: RotationRun,
  step: string,
  lackOf: (proxy: ProxyTrust) => string | undefined,
): Promise<void> {
  await untilNone(run, step, async () => {
    const all = (await Promise.all(run.clients.map((client) => proxiesOf(client, run.signal)))).flat();
    return all.flatMap((proxy) => {
      const lack = proxy.problem ?? lackOf(proxy);
      return lack ? [`${proxy.namespace}/${proxy.pod} of ${proxy.cluster}: ${lack}`] : [];
    });
  });
}

/** Whether a proxy's own certificate hangs below a root. */
export const hangsBelow = ({ chain }: ProxyTrust, rootPem: string): boolean =>
  chain.length > 0 && verifyChain({ leafPem: chain[0]!, intermediatesPem: chain.slice(1).join(''), rootPem }).ok;

export const trusts = ({ roots }: ProxyTrust, pem: string): boolean => {
  const known = new Set(roots.flatMap(printsOf));
  return splitPem(pem).every((one) => printsOf(one).every((print) => known.has(print)));
};

/** Asks until nothing lacks. @throws IsthmusError `mesh.rotation` at the end of the time; a second run goes on there. */
export async function untilNone(run: RotationRun, step: string, lacks: () => Promise<string[]>): Promise<void> {
  const deadline = Date.now() + (run.timeoutMs ?? 60_000 + 10_000 * run.clusters.length);
  for (;;) {
    run.signal.throwIfAborted();
    const found = await lacks();
    if (found.length === 0) return run.progress?.(step, 'done');
    run.progress?.(step, 'waiting', `${found.length} to follow, the first: ${found[0]}`);
    if (Date.now() > deadline)
      throw new IsthmusError({
        code: 'mesh.rotation',
        what: `the rotation stands still at: ${step}`,
        where: systemNamespace,
        why: found.slice(0, 5).join('\n'),
        fix: 'nothing is broken: old and new are both trusted. Proxies of Istio ask for a new certificate at half of its life, or when their\npods are restarted (kubectl rollout restart). Then run the same command again: it goes on where it stood',
      });
    await pause(250, undefined, { signal: run.signal });
  }
}
