/**
 * The controllers of an embedded cluster: what kube-controller-manager, kube-scheduler and MetalLB do for the kinds that Isthmus uses. They
 * are ordinary clients of the API; each reacts to watches and brings one kind of object to the state that others imply.
 */

import { messageOf } from '../../errors/index.ts';
import { Informer, type Kind, type KubeClient, type KubeObject, kinds } from '../../kube/index.ts';
import { autoscalers } from './autoscalers.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { cronJobs } from './cron-jobs.ts';
import { daemonSets } from './daemon-sets.ts';
import { deployments } from './deployments.ts';
import { disruptions } from './disruptions.ts';
import { endpointMirroring } from './endpoint-mirroring.ts';
import { endpointSlices } from './endpoint-slices.ts';
import { garbageCollector } from './garbage-collector.ts';
import { jobs } from './jobs.ts';
import { loadBalancer } from './load-balancer.ts';
import { namespaces } from './namespaces.ts';
import { podGarbage } from './pod-garbage.ts';
import { replicaSets } from './replica-sets.ts';
import { rootCertificates } from './root-certificates.ts';
import { scheduler } from './scheduler.ts';
import { serviceAccounts } from './service-accounts.ts';
import { statefulSets } from './stateful-sets.ts';
import { tokenSecrets } from './token-secrets.ts';
import { volumeClaims } from './volume-claims.ts';

const catalogue: Controller[] = [
  namespaces,
  serviceAccounts,
  rootCertificates,
  tokenSecrets,
  deployments,
  replicaSets,
  statefulSets,
  daemonSets,
  jobs,
  cronJobs,
  scheduler,
  endpointSlices,
  endpointMirroring,
  loadBalancer,
  volumeClaims,
  disruptions,
  autoscalers,
  podGarbage,
  garbageCollector,
];

export interface ControllersOptions {
  client: KubeClient;
  clusterName: string;
  serviceAccountKeys: { privateKeyPem: string; publicKeyPem: string };
  rootCaPem: string;
  clusterDomain: string;
  /** Where folders for volumes are made; without it claims wait for volumes that somebody else makes. */
  volumesFolder?: string;
  /** Names of the controllers to start, where others do the rest; all without it. */
  only?: string[];
  log: (line: string) => void;
}

/** Starts the controllers; returns when their first lists have been read. */
export async function startControllers(options: ControllersOptions): Promise<{ stop(): Promise<void> }> {
  const informers = new Map<string, Informer<any>>();
  const { promise: synced, resolve: startWork } = Promise.withResolvers<void>();
  const context: ControllerContext = {
    ...options,
    synced,
    informer<T extends KubeObject>(kind: Kind): Informer<T> {
      const key = `${kind.group}/${kind.plural}`;
      const known = informers.get(key) ?? new Informer<T>(options.client, kind);
      informers.set(key, known);
      return known as Informer<T>;
    },
    event: (about, type, reason, message, component) => recordEvent(options, about, type, reason, message, component),
  };
  const chosen = catalogue.filter(({ name }) => options.only?.includes(name) ?? true);
  const queues = chosen.map((controller) => controller.start(context));
  for (const informer of informers.values()) informer.start();
  const builtin = [...informers.values()].filter((informer) => informer.kind.group !== 'metallb.io');
  await Promise.all(builtin.map((informer) => informer.synced));
  startWork();
  return {
    async stop() {
      await Promise.all(queues.map((queue) => queue.stop()));
      await Promise.all([...informers.values()].map((informer) => informer.stop()));
    },
  };
}

function recordEvent(
  options: ControllersOptions,
  about: KubeObject,
  type: string,
  reason: string,
  message: string,
  component: string,
): void {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  const { name, namespace, uid, resourceVersion } = about.metadata;
  const event: KubeObject = {
    metadata: { generateName: `${name}.`, namespace: namespace ?? 'default' },
    involvedObject: { kind: about.kind, apiVersion: about.apiVersion, name, namespace, uid, resourceVersion },
    type,
    reason,
    message,
    source: { component },
    reportingComponent: component,
    reportingInstance: '',
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
  options.client
    .create(kinds.Event, event)
    .catch((error) => options.log(`event ${reason} for ${namespace}/${name} is lost: ${messageOf(error)}`));
}
