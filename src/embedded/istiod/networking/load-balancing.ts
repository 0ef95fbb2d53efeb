/** How a cluster chooses among endpoints, and which of them it leaves out: loadBalancer and outlierDetection of a DestinationRule. */
import type { MeshConfig } from '../model.ts';
import { seconds } from './durations.ts';

/** The setting of localities that holds: the rule's, else the mesh's; undefined where it is switched off. */
export function localitySetting(meshConfig: MeshConfig, policy: any): any {
  const setting: any = policy?.loadBalancer?.localityLbSetting ?? meshConfig.raw['localityLbSetting'] ?? {};
  return setting.enabled === false ? undefined : setting;
}

/** Unhealthy endpoints are sent, so that panic routing to them must be off unless it is asked for. */
export function commonBalancing(meshConfig: MeshConfig, policy: any): any {
  const outlier = policy?.outlierDetection;
  const setting = localitySetting(meshConfig, policy);
  const byWeight = setting?.distribute || (outlier && (setting?.failover || setting?.failoverPriority));
  return {
    common_lb_config: {
      healthy_panic_threshold: { value: outlier?.minHealthPercent ?? 0 },
      ...(byWeight ? { locality_weighted_lb_config: {} } : {}),
    },
  };
}

export function balancing(policy: any): any {
  const balancer = policy?.loadBalancer ?? {};
  const hash = balancer.consistentHash;
  if (hash?.maglev) {
    const size = hash.maglev.tableSize;
    return { lb_policy: 'MAGLEV', ...(size ? { maglev_lb_config: { table_size: size } } : {}) };
  }
  if (hash) {
    const size = hash.ringHash ? hash.ringHash.minimumRingSize : hash.minimumRingSize || 1024;
    return { lb_policy: 'RING_HASH', ...(size ? { ring_hash_lb_config: { minimum_ring_size: size } } : {}) };
  }
  const start = slowStart(balancer);
  if (balancer.simple === 'RANDOM') return { lb_policy: 'RANDOM' };
  if (balancer.simple === 'ROUND_ROBIN')
    return { lb_policy: 'ROUND_ROBIN', ...(start ? { round_robin_lb_config: start } : {}) };
  return { lb_policy: 'LEAST_REQUEST', ...(start ? { least_request_lb_config: start } : {}) };
}

/** Endpoints that are new get less at first. */
function slowStart({ warmup, warmupDurationSecs }: any): any {
  if (!warmup)
    return seconds(warmupDurationSecs)
      ? { slow_start_config: { slow_start_window: seconds(warmupDurationSecs) } }
      : undefined;
  return {
    slow_start_config: {
      slow_start_window: seconds(warmup.duration),
      aggression: { default_value: warmup.aggression ?? 1, runtime_key: '(' },
      min_weight_percent: { value: warmup.minimumPercent ?? 10 },
    },
  };
}

/** What is not said is Envoy's default; ejection by rates of success is off. */
export function outlierDetection(settings: any): any {
  if (!settings) return {};
  const counted = (field: string, value: number | undefined) =>
    value === undefined ? {} : { [field]: value, [`enforcing_${field}`]: value > 0 ? 100 : 0 };
  const local = settings.splitExternalLocalOriginErrors
    ? {
        split_external_local_origin_errors: true,
        ...(settings.consecutiveLocalOriginFailures > 0
          ? counted('consecutive_local_origin_failure', settings.consecutiveLocalOriginFailures)
          : {}),
        enforcing_local_origin_success_rate: 0,
      }
    : {};
  return {
    outlier_detection: {
      enforcing_success_rate: 0,
      ...counted('consecutive_5xx', settings.consecutive5xxErrors),
      ...counted('consecutive_gateway_failure', settings.consecutiveGatewayErrors),
      ...(seconds(settings.interval) ? { interval: seconds(settings.interval) } : {}),
      ...(seconds(settings.baseEjectionTime) ? { base_ejection_time: seconds(settings.baseEjectionTime) } : {}),
      ...(settings.maxEjectionPercent ? { max_ejection_percent: settings.maxEjectionPercent } : {}),
      ...local,
    },
  };
}
