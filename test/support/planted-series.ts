/** Samples as Prometheus gives them for the observer's query. */
export interface PlantedSample {
  metric: Record<string, string>;
  value: [number, string];
}

export interface PlantedCall {
  from: string;
  to: string;
  rate: number;
  code?: string;
  reporter?: 'source' | 'destination';
  protocol?: string;
  service?: string;
  flags?: string;
  /** Of the labels, to be different. */
  labels?: Record<string, string>;
}

/** `cluster/namespace/workload`, with the app before the version's dash; `unknown` for an end of which nothing is known. */
export function sample({
  from,
  to,
  rate,
  code = '200',
  reporter = 'source',
  protocol = 'http',
  service,
  flags = '-',
  labels = {},
}: PlantedCall): PlantedSample {
  const app = to.split('/')[2]?.replace(/-v\d+$/, '');
  const name = service ?? app ?? 'unknown';
  const space = to.split('/')[1] ?? 'unknown';
  return {
    metric: {
      kind: protocol === 'tcp' ? 'sent' : 'requests',
      reporter,
      ...endLabels('source', from),
      ...endLabels('destination', to),
      destination_service: `${name}.${space}.svc.cluster.local`,
      destination_service_name: name,
      destination_service_namespace: space,
      request_protocol: protocol,
      ...(protocol === 'tcp' ? {} : { response_code: code }),
      response_flags: flags,
      connection_security_policy: reporter === 'destination' ? 'mutual_tls' : 'unknown',
      ...labels,
    },
    value: [0, String(rate)],
  };
}

function endLabels(side: string, end: string): Record<string, string> {
  const [cluster = 'unknown', namespace = 'unknown', workload = 'unknown'] = end === 'unknown' ? [] : end.split('/');
  const version = /-(v\d+)$/.exec(workload)?.[1];
  return {
    [`${side}_cluster`]: cluster,
    [`${side}_workload_namespace`]: namespace,
    [`${side}_workload`]: workload,
    [`${side}_canonical_service`]: workload.replace(/-v\d+$/, ''),
    [`${side}_canonical_revision`]: version ?? 'latest',
    [`${side}_principal`]: `spiffe://cluster.local/ns/${namespace}/sa/${workload}`,
  };
}

/** The call as both proxies count it. */
export const bothSides = (call: PlantedCall): PlantedSample[] => [
  sample({ ...call, reporter: 'source' }),
  sample({ ...call, reporter: 'destination' }),
];
