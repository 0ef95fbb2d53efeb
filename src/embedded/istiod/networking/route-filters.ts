/** Faults and CORS are filters of every proxy that do nothing but for the routes that say what. */
import { seconds } from './durations.ts';
import { typed } from './names.ts';
import { stringMatch } from './string-match.ts';

/** The field `typed_per_filter_config` of a route, or none. */
export function routeFilters({ fault, corsPolicy }: any): any {
  const config: Record<string, unknown> = {};
  const faults = fault ? faultOf(fault) : {};
  if (Object.keys(faults).length > 0)
    config['envoy.filters.http.fault'] = typed('extensions.filters.http.fault.v3.HTTPFault', faults);
  if (corsPolicy)
    config['envoy.filters.http.cors'] = typed('extensions.filters.http.cors.v3.CorsPolicy', corsOf(corsPolicy));
  return Object.keys(config).length === 0 ? {} : { typed_per_filter_config: config };
}

/** Istio's percentages have four decimals. */
export const fraction = (percentage: { value?: number } | undefined) => ({
  numerator: Math.floor((percentage?.value ?? 0) * 10_000),
  denominator: 'MILLION',
});

function faultOf({ delay, abort }: any): any {
  // An older field of delays is in whole percents; without either no request is meant.
  const share = delay?.percentage ? fraction(delay.percentage) : { numerator: delay?.percent ?? 0 };
  return {
    ...(seconds(delay?.fixedDelay) ? { delay: { fixed_delay: seconds(delay.fixedDelay), percentage: share } } : {}),
    ...(abort && (abort.httpStatus !== undefined || abort.grpcStatus !== undefined)
      ? {
          abort: {
            ...(abort.grpcStatus === undefined
              ? { http_status: abort.httpStatus }
              : { grpc_status: grpcStatuses.indexOf(abort.grpcStatus) }),
            ...(abort.percentage ? { percentage: fraction(abort.percentage) } : {}),
          },
        }
      : {}),
  };
}

const grpcStatuses =
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'.split(
    ' ',
  );

function corsOf(policy: any): any {
  const joined = (list: string[] | undefined, key: string) => (list?.length ? { [key]: list.join(',') } : {});
  const origins = policy.allowOrigins ?? (policy.allowOrigin ?? []).map((exact: string) => ({ exact }));
  return {
    allow_origin_string_match: origins.map(stringMatch),
    ...joined(policy.allowMethods, 'allow_methods'),
    ...joined(policy.allowHeaders, 'allow_headers'),
    ...joined(policy.exposeHeaders, 'expose_headers'),
    ...(seconds(policy.maxAge) ? { max_age: String(Math.floor(Number(seconds(policy.maxAge)!.slice(0, -1)))) } : {}),
    ...(policy.allowCredentials === undefined ? {} : { allow_credentials: policy.allowCredentials }),
    filter_enabled: { default_value: { numerator: 100 } },
    forward_not_matching_preflights: policy.unmatchedPreflights !== 'IGNORE',
  };
}
