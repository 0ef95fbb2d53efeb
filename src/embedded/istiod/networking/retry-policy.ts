/** When a request is tried again: a rule's retries, else the mesh's default, else Istio's. */
import { STATUS_CODES } from 'node:http';
import { seconds } from './durations.ts';
import { typed } from './names.ts';

const previousHosts = [
  {
    name: 'envoy.retry_host_predicates.previous_hosts',
    typed_config: typed('extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
  },
];
const previousPriorities = {
  name: 'envoy.retry_priorities.previous_priorities',
  typed_config: typed('extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', {
    update_frequency: 2,
  }),
};
const defaultReasons = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';

/**
 * The field `retry_policy`, or none where nothing is to be tried again.
 * @param isHashed a request that belongs to one host by its hash must not be kept from it when it is tried again
 */
export function retryPolicy(retries: any, isHashed: boolean): { retry_policy?: unknown } {
  // Without a word on attempts there are two of them; zero switches retries off.
  if (retries && retries.attempts !== undefined && retries.attempts <= 0) return {};
  const { reasons, codes } = reasonsOf(retries?.retryOn);
  const avoids = retries?.retryIgnorePreviousHosts ?? !isHashed;
  return {
    retry_policy: {
      retry_on: reasons,
      num_retries: retries?.attempts ?? 2,
      ...(seconds(retries?.perTryTimeout) ? { per_try_timeout: seconds(retries.perTryTimeout) } : {}),
      ...(retries?.retryRemoteLocalities ? { retry_priority: previousPriorities } : {}),
      ...(avoids ? { retry_host_predicate: previousHosts } : {}),
      host_selection_retry_max_attempts: '5',
      ...(codes.length > 0 ? { retriable_status_codes: codes } : {}),
      ...(seconds(retries?.backoff) ? { retry_back_off: { base_interval: seconds(retries.backoff) } } : {}),
    },
  };
}

/** Among the reasons may be numbers: statuses of answers. */
function reasonsOf(written: string | undefined): { reasons: string; codes: number[] } {
  if (!written) return { reasons: defaultReasons, codes: [] };
  const parts = written.split(',').map((one) => one.trim());
  const codes = parts.filter((one) => STATUS_CODES[one]).map(Number);
  const words = parts.filter((one) => one && !STATUS_CODES[one]);
  if (codes.length > 0 && !words.includes('retriable-status-codes')) words.push('retriable-status-codes');
  return { reasons: words.join(','), codes };
}
