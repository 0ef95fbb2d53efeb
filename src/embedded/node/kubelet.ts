/** The kubelet: a worker for each pod that is bound to this node. Its only interface upward is the Kubernetes API. */
import { mkdirSync } from 'node:fs';
import { Informer, kinds, type Pod, type Service } from '../../kube/index.ts';
import { startKubeletApi } from './kubelet-api.ts';
import { keepNode } from './node-object.ts';
import type { KubeletOptions } from './options.ts';
import { PodWorker } from './pod-worker.ts';
import { References } from './references.ts';

export interface KubeletCaches {
  services: Informer<Service>;
  /** Reads the ConfigMaps and Secrets that a pod names; to be called before they are asked for. */
  hold(pod: Pod): Promise<void>;
  release(uid: string): void;
  configMap(namespace: string, name: string): Record<string, Buffer> | undefined;
  secret(namespace: string, name: string): Record<string, Buffer> | undefined;
  /** The address of a Service by one of its names. */
  resolve(hostname: string, namespace: string): string | undefined;
}

export async function startKubelet(options: KubeletOptions): Promise<{ stop(): Promise<void> }> {
  const abort = new AbortController();
  const { client, nodeName } = options;
  mkdirSync(options.logDir, { recursive: true, mode: 0o700 });
  const services = new Informer<Service>(client, kinds.Service);
  const pods = new Informer<Pod>(client, kinds.Pod, { fieldSelector: `spec.nodeName=${nodeName}` });
  const workers = new Map<string, PodWorker>();
  const references = new References(client, (uids) => {
    for (const uid of uids) workers.get(uid)?.sourcesChanged();
  });
  const decoded = (map: Record<string, string> | undefined, encoding: BufferEncoding) =>
    Object.entries(map ?? {}).map(([key, value]): [string, Buffer] => [key, Buffer.from(value, encoding)]);
  const caches: KubeletCaches = {
    services,
    hold: (pod) => references.hold(pod),
    release: (uid) => references.release(uid),
    configMap: (namespace, name) => {
      const found = references.configMap(namespace, name);
      return found && Object.fromEntries([...decoded(found.data, 'utf8'), ...decoded(found.binaryData, 'base64')]);
    },
    secret: (namespace, name) => {
      const found = references.secret(namespace, name);
      return found && Object.fromEntries(decoded(found.data, 'base64'));
    },
    resolve: (hostname, namespace) => {
      const [name = '', stated] = hostname.split('.');
      const address = services.get(stated ?? namespace, name)?.spec['clusterIP'];
      return address && address !== 'None' ? address : undefined;
    },
  };
  services.start();
  await keepNode(options, abort.signal);
  await services.synced;
  pods.on(({ type, object }) => {
    const uid = object.metadata.uid ?? '';
    const worker = workers.get(uid);
    if (type === 'deleted') {
      // Removed by force: what runs must end all the same.
      if (worker) void worker.terminate(0).then(() => workers.delete(uid));
      return;
    }
    if (worker) return worker.update(object);
    const made = new PodWorker(object, options, caches);
    workers.set(uid, made);
    if (object.metadata.deletionTimestamp) void made.terminate(0).then(() => workers.delete(uid));
    // What has ended before the node came back is kept for its logs.
    else if (!['Succeeded', 'Failed'].includes(object['status']?.phase)) void made.run();
  });
  pods.start();
  const api = await startKubeletApi(options, {
    find: (namespace, name) => {
      const uid = pods.get(namespace, name)?.metadata.uid;
      return uid ? workers.get(uid) : undefined;
    },
    pods: () => pods.list(),
    workers: () => workers.values(),
  });
  await pods.synced;
  return {
    async stop() {
      abort.abort();
      await pods.stop();
      await Promise.all(
        [...workers.values()].flatMap((worker) => worker.containers).map((container) => container.stop(0)),
      );
      await Promise.all([references.stop(), services.stop()]);
      await api.stop();
    },
  };
}
