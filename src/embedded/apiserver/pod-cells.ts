/** The state of a pod in three words: how much is ready, the phase or what stands in its way, how often it was started anew. */
import { type Cell, since } from './table-cells.ts';

/** What `kubectl get pods` says of a pod, by the rules of Kubernetes' printer. */
export function podCells(pod: any): { ready: string; status: string; restarts: Cell } {
  const { status = {}, spec = {}, metadata } = pod;
  let reason: string = status.reason ?? status.phase ?? 'Unknown';
  let restarts = 0;
  let sidecarRestarts = 0;
  let lastRestart: string | undefined;
  const sidecars = new Set(
    (spec.initContainers ?? []).filter((one: any) => one.restartPolicy === 'Always').map((one: any) => one.name),
  );
  let total = (spec.containers ?? []).length + sidecars.size;
  let ready = 0;
  let initializing = false;
  const inits: any[] = status.initContainerStatuses ?? [];
  for (const [index, container] of inits.entries()) {
    const isSidecar = sidecars.has(container.name);
    restarts += container.restartCount ?? 0;
    if (isSidecar) sidecarRestarts += container.restartCount ?? 0;
    if (isSidecar && container.ready) ready++;
    if (container.state?.terminated?.exitCode === 0 || (isSidecar && container.started)) continue;
    if (container.state?.terminated)
      reason = `Init:${container.state.terminated.reason || `ExitCode:${container.state.terminated.exitCode}`}`;
    else if (container.state?.waiting?.reason && container.state.waiting.reason !== 'PodInitializing')
      reason = `Init:${container.state.waiting.reason}`;
    else reason = `Init:${index}/${(spec.initContainers ?? []).length}`;
    initializing = true;
    break;
  }
  // A sidecar that was ended after the rest does not make the pod uninitialized again.
  const initialized = (status.conditions ?? []).some((one: any) => one.type === 'Initialized' && one.status === 'True');
  if (!initializing || initialized) {
    // How often a pod had to initialize is of interest while it does.
    restarts = sidecarRestarts;
    for (const container of [...(status.containerStatuses ?? [])].reverse()) {
      restarts += container.restartCount ?? 0;
      const finished = container.lastState?.terminated?.finishedAt;
      if (finished && (!lastRestart || finished > lastRestart)) lastRestart = finished;
      if (container.state?.waiting?.reason) reason = container.state.waiting.reason;
      else if (container.state?.terminated)
        reason =
          container.state.terminated.reason ||
          (container.state.terminated.signal
            ? `Signal:${container.state.terminated.signal}`
            : `ExitCode:${container.state.terminated.exitCode}`);
      else if (container.ready && container.state?.running) ready++;
    }
    const isReady = (status.conditions ?? []).some((one: any) => one.type === 'Ready' && one.status === 'True');
    if (reason === 'Completed' && ready > 0) reason = isReady ? 'Running' : 'NotReady';
  }
  if (metadata.deletionTimestamp)
    reason = status.phase === 'Succeeded' || status.phase === 'Failed' ? reason : 'Terminating';
  total = Math.max(total, 0);
  return {
    ready: `${ready}/${total}`,
    status: reason,
    restarts: restarts > 0 && lastRestart ? `${restarts} (${since(lastRestart)} ago)` : String(restarts),
  };
}
