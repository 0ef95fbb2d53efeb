/** Which certificates proxies hold, and which roots they trust: asked of Envoy itself, since only what it has loaded counts. */
import { type KubeClient, kinds, type Pod } from '../../kube/index.ts';
import { splitPem } from '../../pki/index.ts';

export interface ProxyTrust {
  cluster: string;
  namespace: string;
  pod: string;
  /** The chain that it shows, its own certificate first. Empty where it has none. */
  chain: string[];
  /** PEM of the roots by which it judges others. */
  roots: string[];
  /** Why it could not be asked. */
  problem?: string;
}

const container = 'istio-proxy';
const path = 'config_dump?resource=dynamic_active_secrets';
/** Istio's own program in a proxy's image; where there is none, as beside upstream Envoy, curl does the same. */
const commands = [
  ['pilot-agent', 'request', 'GET', path],
  ['curl', '-s', '--max-time', '5', `http://127.0.0.1:15000/${path}`],
];

/** All proxies of a cluster that run. */
export async function proxiesOf(client: KubeClient, signal: AbortSignal): Promise<ProxyTrust[]> {
  const { items } = await client.list<Pod>(kinds.Pod);
  return Promise.all(items.filter(hasRunningProxy).map((pod) => trustOf(client, pod, signal)));
}

function hasRunningProxy({ metadata, spec, status }: Pod): boolean {
  const all = [...(spec['initContainers'] ?? []), ...(spec['containers'] ?? [])];
  return (
    !metadata.deletionTimestamp && status?.['phase'] === 'Running' && all.some((one: any) => one.name === container)
  );
}

async function trustOf(client: KubeClient, { metadata }: Pod, signal: AbortSignal): Promise<ProxyTrust> {
  const { namespace = '', name: pod = '' } = metadata;
  const about = { cluster: client.name, namespace, pod };
  let problem = '';
  for (const command of commands) {
    const { stdout, stderr } = await client
      .exec({ namespace, pod, container, command, timeoutMs: 10_000, signal })
      .catch((error) => ({ stdout: '', stderr: String(error?.message ?? error) }));
    const read = readSecrets(stdout);
    if (read) return { ...about, ...read };
    problem = stderr.trim().slice(0, 200) || 'it shows no secrets';
  }
  return { ...about, chain: [], roots: [], problem };
}

/** Secrets of a configuration dump; undefined for what is none. Keys are not in it. */
export function readSecrets(dump: string): Pick<ProxyTrust, 'chain' | 'roots'> | undefined {
  let configs: any[];
  try {
    configs = JSON.parse(dump).configs ?? [];
  } catch {
    return undefined;
  }
  const named = (name: string) => configs.find((one) => one.name === name)?.secret;
  const pemOf = (source: any): string =>
    source?.inline_string ?? Buffer.from(source?.inline_bytes ?? '', 'base64').toString('utf8');
  return {
    chain: splitPem(pemOf(named('default')?.tls_certificate?.certificate_chain)),
    roots: splitPem(pemOf(named('ROOTCA')?.validation_context?.trusted_ca)),
  };
}
