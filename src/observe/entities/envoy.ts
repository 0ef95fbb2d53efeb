/** Envoy's own configuration: read from the proxy itself, or from the istiod that sent it where the proxy cannot be asked. */
import { IsthmusError, messageOf } from '../../errors/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { askAdmin } from '../proxy-admin.ts';
import type { ClusterFacts } from '../topology/facts.ts';
import type { EnvoyConfig } from '../types/index.ts';
import { summarize } from './envoy-summary.ts';
import { withoutSecrets } from './redact.ts';

const answerWithinMs = 15_000;

export interface EnvoySources {
  clusters: ClusterModel[];
  factsOf: (cluster: ClusterModel) => ClusterFacts;
}

/** @throws IsthmusError `observe.envoy` saying what each way answered */
export async function readEnvoy(
  sources: EnvoySources,
  cluster: ClusterModel,
  namespace: string,
  pod: string,
): Promise<EnvoyConfig> {
  const refusals: string[] = [];
  for (const way of [fromProxy, fromIstiod])
    try {
      const dump = withoutSecrets(await way(sources, cluster, namespace, pod));
      const configs: any[] = (dump as any)?.configs ?? [];
      const bootstrap = configs.find((one) => String(one['@type']).endsWith('BootstrapConfigDump'))?.bootstrap ?? {};
      return { cluster: cluster.name, namespace, pod, configDump: dump, bootstrap, ...summarize(dump) };
    } catch (error) {
      refusals.push(messageOf(error));
    }
  throw new IsthmusError({
    code: 'observe.envoy',
    what: 'the configuration of the proxy cannot be read',
    where: `${cluster.name}/${namespace}/${pod}`,
    why: refusals.join('; '),
  });
}

function fromProxy(_: EnvoySources, cluster: ClusterModel, namespace: string, pod: string): Promise<unknown> {
  return askAdmin(
    (command) => cluster.client.exec({ namespace, pod, container: 'istio-proxy', command }),
    'config_dump?include_eds',
  );
}

async function fromIstiod(
  sources: EnvoySources,
  cluster: ClusterModel,
  namespace: string,
  pod: string,
): Promise<unknown> {
  const id = `${pod}.${namespace}`;
  for (const one of sources.clusters)
    for (const { pod: istiod, namespace: space, syncz } of sources.factsOf(one).istiods) {
      if (!syncz?.some((proxy: any) => proxy.proxy === id && proxy.cluster_id === cluster.name)) continue;
      const path = `/api/v1/namespaces/${space}/pods/${istiod}:8080/proxy/debug/config_dump`;
      const answer = await one.client.request('GET', path, {
        query: { proxyID: id },
        signal: AbortSignal.timeout(answerWithinMs),
      });
      return typeof answer === 'string' ? JSON.parse(answer) : answer;
    }
  throw new Error('no istiod says that this proxy is connected to it');
}
