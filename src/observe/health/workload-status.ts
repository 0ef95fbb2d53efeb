import type { Workload } from '../model/workload.ts';
import { isReady } from '../model/workload.ts';
import type { ProxyCertificate, WorkloadStatus } from '../types/index.ts';
import { type Verdict, worst } from './thresholds.ts';

/** Replicas as the owner's status says; of pods without an owner, as they are. @param synced -1 where it is not known */
export function statusOf(workload: Workload, synced = -1): WorkloadStatus {
  const { object, pods, name } = workload;
  const ready = [...pods.values()].filter(isReady).length;
  const spec = object?.['spec'] ?? {};
  const status = object?.['status'] ?? {};
  const of = (desired: number, current: number, available: number): WorkloadStatus => ({
    name,
    desiredReplicas: desired,
    currentReplicas: current,
    availableReplicas: available,
    syncedProxies: synced,
  });
  switch (object?.kind) {
    case 'Deployment':
      return of(spec.replicas ?? 1, status.replicas ?? 0, status.availableReplicas ?? 0);
    case 'StatefulSet':
      return of(spec.replicas ?? 1, status.replicas ?? 0, status.availableReplicas ?? status.readyReplicas ?? 0);
    case 'DaemonSet':
      return of(status.desiredNumberScheduled ?? 0, status.currentNumberScheduled ?? 0, status.numberAvailable ?? 0);
    default:
      return of(pods.size, pods.size, ready);
  }
}

/** Kiali's rules. @param proxies how many there should be in sync */
export function judgeWorkload(status: WorkloadStatus, proxies = 0): Verdict {
  const {
    name,
    desiredReplicas: desired,
    currentReplicas: current,
    availableReplicas: available,
    syncedProxies,
  } = status;
  if (desired === 0) return { status: 'Not Ready', reasons: [`${name} is scaled to 0`] };
  if (available === 0) return { status: 'Failure', reasons: [`none of ${desired} replicas of ${name} is available`] };
  if (available < desired)
    return { status: 'Degraded', reasons: [`${available} of ${desired} replicas of ${name} are available`] };
  if (current !== desired)
    return { status: 'Failure', reasons: [`${name} has ${current} replicas and should have ${desired}`] };
  if (syncedProxies >= 0 && syncedProxies < proxies)
    return {
      status: 'Degraded',
      reasons: [`${syncedProxies} of ${proxies} proxies of ${name} have their configuration`],
    };
  return { status: 'Healthy', reasons: [] };
}

/** Ours: a pod whose certificate is refused serves nobody, however ready it is. */
export function withCertificates(verdict: Verdict, certificates: ProxyCertificate[]): Verdict {
  const bad = certificates.filter((one) => one.state === 'broken' || one.state === 'degraded');
  if (bad.length === 0) return verdict;
  const status =
    bad.every((one) => one.state === 'broken') && bad.length === certificates.length ? 'Failure' : 'Degraded';
  return {
    status: worst([verdict.status, status]),
    reasons: [...verdict.reasons, ...bad.map((one) => `proxy of ${one.pod}: ${one.why}`)],
  };
}
