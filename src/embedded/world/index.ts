/**
 * A world: everything embedded, as the processes below one `unshare` (user, mount, network, PID, UTS and IPC namespaces). Here are its
 * start and stop, its state on disk, the supervisor inside it, and the process that joins a cluster's parts. It knows Kubernetes only
 * as something to start; what is put into the clusters is not its business.
 */
export { removeClusters } from './change.ts';
export {
  type CatalogueAddition,
  clusterPaths,
  type EmbeddedCluster,
  type Programs,
  type WorldConfig,
} from './config.ts';
export { type KubeconfigEntry, kubeconfigOf } from './kubeconfig.ts';
export type { StartOptions } from './launch.ts';
export { lockHome } from './lock.ts';
export { type ProcessFacts, proportionalSetSize, readProcesses } from './processes.ts';
export { type StartedWorld, startWorld } from './start.ts';
export { type WorldStatus, worldStatus } from './status.ts';
export { removeWorld, type StoppedWorld, stopWorld } from './stop.ts';
export type { WorldEvent } from './supervisor.ts';
