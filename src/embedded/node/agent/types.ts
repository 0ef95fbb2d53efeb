/** What the kubelet and the Istio agent of a proxy container know of each other. */
import type { Pod } from '../../../kube/index.ts';

export interface ProxyAgentRequest {
  pod: Pod;
  container: any;
  /** The container's environment, resolved. */
  env: Record<string, string>;
  /** Arguments after the entrypoint: `proxy sidecar --domain ...`. */
  args: string[];
  podIp: string;
  /** A folder that the container sees at /run/isthmus-agent: for sockets and the bootstrap. Its path is short. */
  folder: string;
  /** Host path of the volume mounted at a path in the container. */
  volume(mountPath: string): string | undefined;
  envoy: string;
  /** Resolves a Service's name to an address that this process can reach. */
  resolve(hostname: string): string | undefined;
  log(line: string): void;
}

export interface ProxyAgent {
  /** What to run in the container. */
  argv: string[];
  /** What Istio's agent does when it is told to end: the proxy takes its leave of its clients for a while, or less if the signal says so. */
  drain(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

export const agentMountPath = '/run/isthmus-agent';
