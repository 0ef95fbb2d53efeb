/** The status of a pod, from the states of its containers. */
import type { Pod } from '../../kube/index.ts';
import type { Container } from './container.ts';
import { timestamp } from './container-state.ts';

export interface PodFacts {
  hostIp: string;
  podIp: string | undefined;
  startTime: string;
  init: Container[];
  main: Container[];
  ephemeral: Container[];
  /** Why the pod was ended, where it did not end by itself. */
  failure: { reason: string; message: string } | undefined;
  /** All init containers have done their part. */
  initialized: boolean;
  sandboxReady: boolean;
}

/** The fields that the kubelet owns; conditions of others (PodScheduled) are kept. */
export function podStatus(pod: Pod, facts: PodFacts): Record<string, any> {
  const { init, main } = facts;
  const sidecars = init.filter((one) => one.role === 'sidecar');
  const unready = [...main, ...sidecars].filter((one) => !one.ready).map((one) => one.spec.name);
  const phase = phaseOf(pod, facts);
  const done = phase === 'Succeeded' || phase === 'Failed';
  const notReady = done
    ? { reason: 'PodCompleted', message: '' }
    : unready.length > 0
      ? { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` }
      : undefined;
  const waitingInit = init
    .filter((one) => (one.role === 'init' ? !one.succeeded : !one.started))
    .map((one) => one.spec.name);
  const conditions = [
    condition(pod, 'PodReadyToStartContainers', facts.sandboxReady),
    condition(pod, 'Initialized', facts.initialized, {
      reason: 'ContainersNotInitialized',
      message: `containers with incomplete status: [${waitingInit.join(' ')}]`,
    }),
    condition(pod, 'Ready', !notReady, notReady),
    condition(pod, 'ContainersReady', !notReady, notReady),
    ...(pod['status']?.conditions ?? []).filter(
      (one: any) => !['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'].includes(one.type),
    ),
  ];
  return {
    phase,
    ...(facts.failure ?? {}),
    conditions,
    hostIP: facts.hostIp,
    hostIPs: [{ ip: facts.hostIp }],
    ...(facts.podIp ? { podIP: facts.podIp, podIPs: [{ ip: facts.podIp }] } : {}),
    startTime: facts.startTime,
    ...(init.length > 0 ? { initContainerStatuses: init.map((one) => one.status()) } : {}),
    containerStatuses: main.map((one) =>
      facts.initialized
        ? one.status()
        : {
            ...one.status(),
            state: {
              waiting: {
                reason: one.state.kind === 'waiting' && init.length > 0 ? 'PodInitializing' : 'ContainerCreating',
              },
            },
          },
    ),
    ...(facts.ephemeral.length > 0 ? { ephemeralContainerStatuses: facts.ephemeral.map((one) => one.status()) } : {}),
    qosClass: qosClass(pod),
  };
}

function condition(pod: Pod, type: string, holds: boolean, otherwise?: { reason: string; message: string }): any {
  const status = holds ? 'True' : 'False';
  const known = (pod['status']?.conditions ?? []).find((one: any) => one.type === type);
  return {
    type,
    status,
    lastProbeTime: null,
    lastTransitionTime: known?.status === status ? known.lastTransitionTime : timestamp(),
    ...(holds || !otherwise
      ? {}
      : { reason: otherwise.reason, ...(otherwise.message ? { message: otherwise.message } : {}) }),
  };
}

function phaseOf(pod: Pod, { init, main, initialized, failure }: PodFacts): string {
  if (failure && [...init, ...main].every((one) => one.state.kind !== 'running')) return 'Failed';
  const failedInit = init.some(
    (one) =>
      one.role === 'init' &&
      one.state.kind === 'terminated' &&
      one.state.exitCode !== 0 &&
      pod.spec['restartPolicy'] === 'Never',
  );
  if (failedInit) return 'Failed';
  if (!initialized) return 'Pending';
  const policy = pod.spec['restartPolicy'];
  const ended = main.filter((one) => one.state.kind === 'terminated');
  // A pod is over when nothing of it runs, sidecars included.
  const isOver = ended.length === main.length && init.every((one) => one.state.kind !== 'running');
  if (isOver && policy !== 'Always') {
    if (main.every((one) => one.succeeded)) return 'Succeeded';
    // A pod that is being deleted restarts nothing.
    if (policy === 'Never' || pod.metadata.deletionTimestamp) return 'Failed';
  }
  const everStarted = main.every((one) => one.state.kind !== 'waiting' || one.restartCount > 0 || one.lastState);
  return everStarted ? 'Running' : 'Pending';
}

function qosClass(pod: Pod): string {
  const containers: any[] = [...(pod.spec['containers'] ?? []), ...(pod.spec['initContainers'] ?? [])];
  const stated = containers.flatMap(({ resources }) => [resources?.limits, resources?.requests]).filter(Boolean);
  if (stated.every((one) => !one.cpu && !one.memory)) return 'BestEffort';
  const guaranteed = containers.every(({ resources }) => {
    const { limits, requests = limits } = resources ?? {};
    return limits?.cpu && limits?.memory && requests?.cpu === limits.cpu && requests?.memory === limits.memory;
  });
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
