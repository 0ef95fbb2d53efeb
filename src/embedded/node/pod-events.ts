/** Events about a pod. The same event again is a count of the first. */
import { messageOf } from '../../errors/index.ts';
import { kinds, type Pod } from '../../kube/index.ts';
import { timestamp } from './container-state.ts';
import type { KubeletOptions } from './options.ts';

export class PodEvents {
  readonly #options: KubeletOptions;
  readonly #counts = new Map<string, { name: string; count: number }>();

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  /** @param container that it is about, where it is about one */
  record(pod: Pod, type: string, reason: string, message: string, container?: string): void {
    const { client, log } = this.#options;
    const { name = '', namespace = '' } = pod.metadata;
    const key = `${reason}/${container ?? ''}/${message}`;
    const known = this.#counts.get(key);
    if (known) {
      const change = { count: ++known.count, lastTimestamp: timestamp() };
      client.patch(kinds.Event, known.name, namespace, change, { type: 'merge' }).catch(() => this.#counts.delete(key));
      return;
    }
    const eventName = `${name}.${Date.now().toString(16)}${Math.floor(Math.random() * 65_536).toString(16)}`;
    this.#counts.set(key, { name: eventName, count: 1 });
    client
      .create(kinds.Event, this.#event(pod, eventName, { type, reason, message }, container))
      .catch((error) => log(`event ${reason} for ${namespace}/${name} is lost: ${messageOf(error)}`));
  }

  #event(pod: Pod, eventName: string, said: { type: string; reason: string; message: string }, container?: string) {
    const { nodeName } = this.#options;
    const { name, namespace = '', uid, resourceVersion } = pod.metadata;
    const time = timestamp();
    const fieldPath = container && `spec.${listOf(pod, container)}{${container}}`;
    return {
      metadata: { name: eventName, namespace },
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Pod',
        name,
        namespace,
        uid,
        resourceVersion,
        ...(fieldPath ? { fieldPath } : {}),
      },
      ...said,
      source: { component: 'kubelet', host: nodeName },
      reportingComponent: 'kubelet',
      reportingInstance: nodeName,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
  }
}

/** In which of a pod's lists a container is. */
const listOf = (pod: Pod, container: string): string =>
  ['initContainers', 'ephemeralContainers'].find((list) =>
    (pod.spec[list] ?? []).some((one: any) => one.name === container),
  ) ?? 'containers';
