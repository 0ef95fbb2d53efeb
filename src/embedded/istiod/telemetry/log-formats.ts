/** Istio's formats of access logs, in text and in JSON. */
import { typed } from '../networking/names.ts';

export const textFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';

/** The fields whose name is that of Envoy's command. */
const plain = [
  'start_time',
  'route_name',
  'protocol',
  'response_code',
  'response_flags',
  'response_code_details',
  'connection_termination_details',
  'bytes_received',
  'bytes_sent',
  'duration',
  'upstream_host',
  'upstream_local_address',
  'downstream_local_address',
  'downstream_remote_address',
  'requested_server_name',
  'upstream_transport_failure_reason',
];

export const jsonFields: Record<string, string> = {
  ...Object.fromEntries(plain.map((name) => [name, `%${name.toUpperCase()}%`])),
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
  user_agent: '%REQ(USER-AGENT)%',
  request_id: '%REQ(X-REQUEST-ID)%',
  authority: '%REQ(:AUTHORITY)%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
};

/** Commands that Envoy does not know by itself. */
export const formatters = (format: string): any =>
  format.includes('%REQ_WITHOUT_QUERY')
    ? {
        formatters: [
          {
            name: 'envoy.formatter.req_without_query',
            typed_config: typed('extensions.formatter.req_without_query.v3.ReqWithoutQuery'),
          },
        ],
      }
    : {};
