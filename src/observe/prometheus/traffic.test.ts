import { expect, test } from 'vitest';
import { bothSides, sample } from '../../../test/support/planted-series.ts';
import { mergeSamples, trafficQuery } from './traffic.ts';

const call = { from: 'east/sample/curl', to: 'west/sample/helloworld-v2', rate: 5 };
const total = (series: { rate: number }[]): number => series.reduce((sum, one) => sum + one.rate, 0);

test('a series that federation brought elsewhere is counted once, from the cluster whose proxy counted it', () => {
  const [source, destination] = bothSides(call);
  const federated = { ...destination!, value: [0, '4'] as [number, string] };
  const merged = mergeSamples([
    { cluster: 'east', samples: [source!, federated] },
    { cluster: 'west', samples: [destination!] },
  ]);
  expect(merged.map((one) => [one.reporter, one.rate])).toEqual([
    ['source', 5],
    ['destination', 5],
  ]);
});

test('what federation brought stands in for a Prometheus that gives no answer, once', () => {
  const [source, destination] = bothSides(call);
  const merged = mergeSamples([
    { cluster: 'east', samples: [source!, destination!] },
    { cluster: 'north', samples: [destination!] },
  ]);
  expect(total(merged.filter((one) => one.reporter === 'destination'))).toBe(5);
});

test('no response and gRPC statuses are told apart from HTTP codes', () => {
  const merged = mergeSamples([
    {
      cluster: 'east',
      samples: [
        sample({ ...call, code: '0' }),
        sample({ ...call, protocol: 'grpc', labels: { grpc_response_status: '14' } }),
        sample({ ...call, protocol: 'grpc', code: '503', labels: { grpc_response_status: '14' } }),
        sample({ ...call, protocol: 'grpc', labels: { grpc_response_status: '0' } }),
      ],
    },
  ]);
  expect(merged.map((one) => `${one.protocol} ${one.code}`)).toEqual(['http -', 'grpc 14', 'grpc 503', 'grpc 0']);
});

test('bytes in both directions of TCP are of one path, to be added', () => {
  const tcp = sample({ ...call, protocol: 'tcp', rate: 100 });
  const received = { ...tcp, metric: { ...tcp.metric, kind: 'received' }, value: [0, '20'] as [number, string] };
  const merged = mergeSamples([{ cluster: 'east', samples: [tcp, received] }]);
  expect(new Set(merged.map((one) => one.path)).size).toBe(1);
  expect(total(merged)).toBe(120);
});

test('a time is joined to the row that it is of', () => {
  const one = sample(call);
  const time = { ...one, metric: { ...one.metric, kind: 'time' }, value: [0, '12.5'] as [number, string] };
  expect(mergeSamples([{ cluster: 'east', samples: [one, time] }])).toMatchObject([{ rate: 5, responseTime: 12.5 }]);
});

test('absent labels read as unknown, and what is no number is left out', () => {
  const bare = {
    metric: { kind: 'requests', reporter: 'source', source_cluster: 'east' },
    value: [0, '1'] as [number, string],
  };
  const broken = sample({ ...call, rate: Number.NaN });
  const [row, ...others] = mergeSamples([{ cluster: 'east', samples: [bare, broken] }]);
  expect(others).toEqual([]);
  expect(row!.destination).toMatchObject({ cluster: 'unknown', workload: 'unknown', serviceName: 'unknown' });
});

test('all is asked in one query, with the range and the percentile', () => {
  const query = trafficQuery({ duration: 90, responseTime: '95' });
  expect(query).toContain('rate(istio_requests_total[90s])');
  expect(query).toContain('histogram_quantile(0.95');
  expect(query).toContain('istio_tcp_received_bytes_total');
  expect(query.match(/ or /g)).toHaveLength(4);
});

test('bytes of a path are counted once, however many codes there are', () => {
  const ok = sample(call);
  const bytes = { metric: { ...ok.metric, kind: 'throughput' }, value: [0, '900'] as [number, string] };
  const merged = mergeSamples([{ cluster: 'east', samples: [ok, sample({ ...call, code: '404' }), bytes] }]);
  expect(merged.map((one) => one.throughput)).toEqual([900, undefined]);
  expect(trafficQuery({ duration: 60, throughput: 'response' })).toContain('istio_response_bytes_sum');
});
