/**
 * The client side of the Kubernetes API: connections, requests, watches, informers, streams. It knows no mesh and no engine, keeps no
 * caches beyond its informers, and loads no generated models, since start-up time and memory are budgets.
 */
export {
  KubeClient,
  type ListOptions,
  type PatchType,
  type WatchOptions,
  type WriteOptions,
} from './client.ts';
export { type KubeConnection, loadKubeconfig } from './connection.ts';
export { isAlreadyExists, isGone, isNotFound, KubeApiError } from './errors.ts';
export { Informer, type InformerEvent, type InformerOptions } from './informer.ts';
export { apiVersionOf, type Kind, kinds, knownKind, pathOf } from './kinds.ts';
export { readLines } from './lines.ts';
export type { Query } from './query.ts';
export { type Queue, type QueueOptions, workQueue } from './queue.ts';
export type { ExecOptions, ExecResult } from './streams.ts';
export type * from './types.ts';
