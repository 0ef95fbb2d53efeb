/** What the containers of a pod need of it. */
import type { Pod } from '../../kube/index.ts';
import type { ProxyAgent } from './agent/types.ts';
import type { Container } from './container.ts';
import type { EnvironmentSources } from './environment.ts';
import type { KubeletOptions } from './options.ts';

export interface PodContext {
  options: KubeletOptions;
  /** The newest version of the object. */
  pod(): Pod;
  podIp: string;
  netns: string;
  /** In memory. */
  folder: string;
  logFolder: string;
  /** Something that the pod's status shows is different now. */
  changed(): void;
  event(type: 'Normal' | 'Warning', reason: string, message: string, container?: Container): void;
  environmentSources(): EnvironmentSources;
  /** The first process of a container that runs. */
  pidOf(containerName: string): number | undefined;
  volumePath(name: string): string | undefined;
  isWritableVolume(name: string): boolean;
  /** The command that sets up interception in the pod's network. */
  interceptionArgv(args: string[], mounts: { from: string; to: string; readOnly: boolean }[]): string[];
  prepareProxy(request: {
    pod: Pod;
    container: any;
    env: Record<string, string>;
    args: string[];
    folder: string;
  }): Promise<ProxyAgent>;
}

/** What `hostname` says in a pod's containers: on the node's network it is the node's name. */
export const hostnameOf = (pod: Pod): string =>
  (pod.spec['hostNetwork'] ? pod.spec['nodeName'] : undefined) ?? pod.spec['hostname'] ?? pod.metadata.name ?? 'pod';
