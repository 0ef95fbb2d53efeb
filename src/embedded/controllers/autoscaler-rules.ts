/** How many replicas a metric asks for, and how fast a workload may grow and shrink. Pure rules, those of kube-controller-manager. */
import type { KubeObject, Pod } from '../../kube/index.ts';

/** Smaller deviations from the target are left alone. */
const tolerance = 0.1;

export interface Recommendation {
  at: number;
  replicas: number;
}

/** Processor in cores, memory in bytes. */
export function amount(quantity: string | undefined): number {
  const units: Record<string, number> = {
    n: 1e-9,
    u: 1e-6,
    m: 1e-3,
    '': 1,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    T: 1e12,
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
    Ti: 2 ** 40,
  };
  const [, number, unit = ''] = /^([\d.]+)([a-zA-Z]*)$/.exec(String(quantity ?? '')) ?? [];
  return Number(number ?? 0) * (units[unit] ?? Number.NaN);
}

interface MetricFacts {
  /** `resource` or `containerResource` of the metric. */
  source: any;
  /** Those that are ready. */
  pods: Pod[];
  /** PodMetrics. */
  measured: KubeObject[];
  current: number;
}

/** @returns the replicas and what the status shows, or why they cannot be told */
export function desiredReplicas({
  source,
  pods,
  measured,
  current,
}: MetricFacts): { replicas: number; current: object } | { problem: string } {
  const { name, container, target } = source;
  const counted = pods.filter((pod) => measured.some((one) => one.metadata.name === pod.metadata.name));
  if (counted.length === 0)
    return { problem: `failed to get ${name} utilization: no metrics returned from resource metrics API` };
  const usage = (pod: Pod): number =>
    (measured.find((one) => one.metadata.name === pod.metadata.name)?.['containers'] ?? [])
      .filter((one: any) => !container || one.name === container)
      .reduce((sum: number, one: any) => sum + amount(one.usage[name]), 0);
  const used = counted.reduce((sum, pod) => sum + usage(pod), 0);
  const averageValue =
    name === 'cpu' ? `${Math.round((used / counted.length) * 1000)}m` : String(Math.round(used / counted.length));
  let ratio: number;
  let shown: object = { averageValue };
  if (target.type === 'Utilization') {
    let requested = 0;
    for (const pod of counted)
      for (const one of [...(pod.spec['containers'] ?? []), ...sidecarsOf(pod)]) {
        if (container && one.name !== container) continue;
        const request = one.resources?.requests?.[name];
        if (request === undefined)
          return {
            problem: `failed to get ${name} utilization: missing request for ${name} in container ${one.name} of Pod ${pod.metadata.name}`,
          };
        requested += amount(request);
      }
    const averageUtilization = Math.trunc((millionths(used) * 100) / millionths(requested));
    ratio = averageUtilization / target.averageUtilization;
    shown = { averageUtilization, averageValue };
  } else ratio = used / counted.length / amount(target.averageValue);
  if (Math.abs(ratio - 1) <= tolerance) return { replicas: current, current: shown };
  // Pods that give no figures hold a change back: they count as idle when it grows, as at their target when it shrinks.
  const missing = Math.max(0, current - counted.length);
  const corrected = (ratio * counted.length + (ratio < 1 ? missing : 0)) / (counted.length + missing);
  const wrongWay = (ratio > 1 && corrected < 1) || (ratio < 1 && corrected > 1);
  if (wrongWay || Math.abs(corrected - 1) <= tolerance) return { replicas: current, current: shown };
  return { replicas: Math.ceil(corrected * (counted.length + missing)), current: shown };
}

/** Shares are of whole numbers: 0.15 of 0.1 is 150 %, and not a hair less. */
const millionths = (value: number): number => Math.round(value * 1e6);

const sidecarsOf = (pod: Pod): any[] =>
  (pod.spec['initContainers'] ?? []).filter((one: any) => one.restartPolicy === 'Always');

const defaults = {
  scaleUp: {
    window: 0,
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  },
  scaleDown: { window: 300, policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
};

/**
 * What may be done of a proposal: within minReplicas and maxReplicas, after the stabilization windows, as fast as the policies allow.
 * The history takes the proposal in.
 */
export function limited(
  spec: any,
  current: number,
  proposed: number,
  history: Recommendation[],
  at = Date.now(),
): { replicas: number; reason: string | undefined; message: string } {
  const windowOf = (side: 'scaleUp' | 'scaleDown'): number =>
    (spec.behavior?.[side]?.stabilizationWindowSeconds ?? defaults[side].window) * 1000;
  history.push({ at, replicas: proposed });
  const longest = Math.max(windowOf('scaleUp'), windowOf('scaleDown'));
  history.splice(0, history.length, ...history.filter((one) => at - one.at <= longest));
  const within = (side: 'scaleUp' | 'scaleDown'): number[] =>
    history.filter((one) => at - one.at <= windowOf(side)).map((one) => one.replicas);
  // Growing follows the smallest, shrinking the largest of what was proposed lately.
  const stable = Math.min(
    Math.max(current, Math.min(proposed, ...within('scaleUp'))),
    Math.max(proposed, ...within('scaleDown')),
  );
  const bounded = Math.min(Math.max(stable, spec.minReplicas ?? 1), spec.maxReplicas);
  const side = bounded > current ? 'scaleUp' : 'scaleDown';
  const allowed = bounded === current ? current : pace(spec.behavior?.[side], side, current, bounded);
  if (allowed !== bounded)
    return {
      replicas: allowed,
      reason: side === 'scaleUp' ? 'ScaleUpLimit' : 'ScaleDownLimit',
      message: `the desired replica count is ${side === 'scaleUp' ? 'increasing' : 'decreasing'} faster than the maximum scale rate`,
    };
  if (proposed > spec.maxReplicas)
    return {
      replicas: bounded,
      reason: 'TooManyReplicas',
      message: 'the desired replica count is more than the maximum replica count',
    };
  if (proposed < (spec.minReplicas ?? 1))
    return {
      replicas: bounded,
      reason: 'TooFewReplicas',
      message: 'the desired replica count is less than the minimum replica count',
    };
  return { replicas: bounded, reason: undefined, message: 'the desired count is within the acceptable range' };
}

/** Each look counts as one period: looks are fifteen seconds apart, the shortest period that is usual. */
function pace(behavior: any, side: 'scaleUp' | 'scaleDown', current: number, wanted: number): number {
  if (behavior?.selectPolicy === 'Disabled') return current;
  const policies: any[] = behavior?.policies ?? defaults[side].policies;
  const steps = policies.map(({ type, value }) => (type === 'Pods' ? value : Math.ceil((current * value) / 100)));
  const step = behavior?.selectPolicy === 'Min' ? Math.min(...steps) : Math.max(...steps);
  return side === 'scaleUp' ? Math.min(wanted, current + step) : Math.max(wanted, current - step);
}
