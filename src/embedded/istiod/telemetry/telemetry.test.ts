import { describe, expect, it } from 'vitest';
import { planted, plantedProxy, plantedSnapshot } from '../../../../test/support/planted-snapshot.ts';
import type { KubeObject } from '../../../kube/index.ts';
import { encodeMessage } from '../../proto/index.ts';
import { httpMetrics, tcpMetrics } from '../networking/telemetry.ts';
import { accessLogs, listenerAccessLogs } from './access-logs.ts';
import { metricOverrides } from './metrics.ts';

const proxy = plantedProxy();
const telemetry = (spec: object, namespace = 'ns') => planted('Telemetry', 't', spec, { namespace });
const web = { selector: { matchLabels: { app: 'web' } } };
const envoy = { providers: [{ name: 'envoy' }] };

describe('access logs', () => {
  const logs = (objects: KubeObject[], meshConfig = {}, side: 'CLIENT' | 'SERVER' = 'SERVER') => {
    const made = accessLogs(plantedSnapshot(objects, meshConfig), proxy, side);
    for (const one of made) encodeMessage('envoy.config.accesslog.v3.AccessLog', one);
    return made;
  };
  const file = { name: 'file', envoyFileAccessLog: { path: '/tmp/log', logFormat: { labels: { a: '%PROTOCOL%' } } } };
  const paths = (...args: Parameters<typeof logs>) => logs(...args).map((one) => one.typed_config.path);

  it('are those of the mesh’s configuration where no Telemetry is', () => {
    expect(logs([])).toEqual([]);
    const [text] = logs([], { accessLogFile: '/dev/stdout', accessLogFormat: '%PROTOCOL%' });
    expect(text.typed_config.log_format).toEqual({ text_format_source: { inline_string: '%PROTOCOL%\n' } });
    const [json] = logs([], { accessLogFile: '/dev/stdout', accessLogEncoding: 'JSON' });
    expect(json.typed_config.log_format.json_format).toMatchObject({
      authority: '%REQ(:AUTHORITY)%',
      duration: '%DURATION%',
    });
  });

  it('are those of Telemetry, for the sides that it names', () => {
    const one = telemetry({ accessLogging: [{ ...envoy, match: { mode: 'CLIENT' } }] });
    expect(paths([one], {}, 'CLIENT')).toEqual(['/dev/stdout']);
    expect(paths([one], {}, 'SERVER')).toEqual([]);
  });

  it('are overridden by namespace and by workload', () => {
    const root = telemetry({ accessLogging: [envoy] }, 'istio-system');
    const extensionProviders = [file];
    expect(paths([root])).toEqual(['/dev/stdout']);
    const own = telemetry({ accessLogging: [{ providers: [{ name: 'FILE' }] }] });
    expect(paths([root, own], { extensionProviders })).toEqual(['/tmp/log']);
    const off = telemetry({ ...web, accessLogging: [{ disabled: true }] });
    expect(paths([root, off], { accessLogFile: '/dev/stdout' })).toEqual([]);
    expect(paths([root, telemetry({ accessLogging: [envoy], selector: { matchLabels: { app: 'x' } } })])).toHaveLength(
      1,
    );
  });

  it('have filters', () => {
    const expression = 'response.code >= 400';
    const [log] = logs([telemetry({ accessLogging: [{ ...envoy, filter: { expression } }] })]);
    expect(log.filter.extension_filter.typed_config).toMatchObject({ expression });
    const snapshot = plantedSnapshot([telemetry({ accessLogging: [{ ...envoy, filter: { expression } }] })]);
    const [listener] = listenerAccessLogs(snapshot, proxy, 'SERVER').access_log;
    expect(listener.filter.and_filter.filters).toEqual([{ response_flag_filter: { flags: ['NR'] } }, log.filter]);
  });
});

it('a mistake in an expression costs that expression and no more', () => {
  const broken = 'response.code >>= 400';
  const metrics = [{ overrides: [{ tagOverrides: { x: { value: broken }, y: { value: 'request.method' } } }] }];
  const one = telemetry({ accessLogging: [{ ...envoy, filter: { expression: broken } }], metrics });
  const snapshot = plantedSnapshot([one], { accessLogFile: '/dev/stdout' });
  expect(accessLogs(snapshot, proxy, 'SERVER')).toEqual([]);
  const overrides = metricOverrides(snapshot, proxy, 'SERVER');
  expect([...overrides!.get('requests_total')!.tags.keys()]).toEqual(['y']);
});

describe('metrics', () => {
  const overrides = (...metrics: object[]) =>
    metricOverrides(plantedSnapshot([telemetry({ metrics })]), proxy, 'SERVER');
  const prometheus = { providers: [{ name: 'prometheus' }] };
  const disabled = { disabled: true };

  it('are all standard where no Telemetry is', () => {
    expect(metricOverrides(plantedSnapshot([]), proxy, 'SERVER')?.size).toBe(0);
  });

  it('are none when all are disabled, or another provider is asked for', () => {
    expect(overrides({ overrides: [disabled] })).toBeUndefined();
    expect(overrides({ overrides: [{ match: { mode: 'CLIENT' }, disabled: true }] })).toBeDefined();
    expect(overrides({ providers: [{ name: 'stackdriver' }] })).toBeUndefined();
    const again = { ...prometheus, overrides: [disabled, { match: { metric: 'REQUEST_COUNT' }, disabled: false }] };
    expect(overrides(again)).toBeDefined();
  });

  it('are counted as it is written', () => {
    const found = overrides({
      ...prometheus,
      overrides: [
        { match: { metric: 'REQUEST_SIZE' }, disabled: true },
        { tagOverrides: { source_app: { operation: 'REMOVE' }, host: { value: 'request.host' } } },
        { match: { metric: 'TCP_SENT_BYTES' }, tagOverrides: { host: { operation: 'REMOVE' } } },
      ],
    });
    const connection = { reporter: 'destination' as const, proxy, mutual: true };
    const [http] = httpMetrics(connection, found);
    encodeMessage('envoy.config.accesslog.v3.AccessLog', http);
    const { counters, histograms } = http.typed_config;
    expect(histograms.map((one: any) => one.stat.name)).toEqual(['request_duration_milliseconds', 'response_bytes']);
    const tags = Object.fromEntries(counters[0].stat.tags.map((one: any) => [one.name, one.value_format]));
    expect(tags).toMatchObject({ host: '%CEL(request.host)%', reporter: 'destination' });
    expect(tags['source_app']).toBeUndefined();
    const sent = tcpMetrics(connection, found)[1].typed_config.counters.find(
      (one: any) => one.stat.name === 'tcp_sent_bytes_total',
    );
    expect(sent.stat.tags.map((one: any) => one.name)).not.toContain('host');
    expect(httpMetrics(connection, undefined)).toEqual([]);
  });
});
