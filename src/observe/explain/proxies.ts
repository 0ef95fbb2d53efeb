/** Reads what a proxy really has: by its own admin interface, asked inside of its pod, as istioctl proxy-config does. */
import { messageOf } from '../../errors/index.ts';
import { askAdmin } from '../proxy-admin.ts';
import { type ProxyDump, readDump } from './envoy/dump.ts';
import type { MeshFacts } from './facts.ts';

export type ReadProxy = { dump: ProxyDump } | { why: string };

/** Read once for each pod. Never throws: what cannot be read is said. */
export function readProxy(facts: MeshFacts, cluster: string, namespace: string, pod: string): Promise<ReadProxy> {
  return facts.once(`proxy ${cluster}/${namespace}/${pod}`, async (): Promise<ReadProxy> => {
    try {
      const exec = (command: string[]) => facts.exec(cluster, namespace, pod, 'istio-proxy', command);
      const [config, clusters] = await Promise.all(
        ['config_dump?include_eds', 'clusters?format=json'].map((path) => askAdmin(exec, path)),
      );
      return { dump: readDump(config, clusters) };
    } catch (error) {
      return { why: messageOf(error) };
    }
  });
}
