/**
 * Access logs: those of Telemetry objects, else of the mesh's default providers, else of meshConfig.accessLogFile.
 */
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { typed } from '../networking/names.ts';
import {
  applicableTelemetry,
  defaultProviders,
  modeFits,
  providerNames,
  providerOf,
  type WorkloadMode,
} from './applicable.ts';
import { expressionProblem } from './expressions.ts';
import { formatters, jsonFields, textFormat } from './log-formats.ts';
import { serviceLog } from './log-services.ts';

/** Envoy's access loggers for one side of a proxy, each with the filter that a Telemetry object asks for. */
export function accessLogs(snapshot: MeshSnapshot, proxy: MeshProxy, side: WorkloadMode): any[] {
  const written = applicableTelemetry(snapshot, proxy)
    .map((spec): any[] => spec.accessLogging ?? [])
    .filter((list) => list.length > 0);
  const defaults = defaultProviders(snapshot, 'accessLogging');
  if (written.length === 0 && defaults.length === 0) return fromMeshConfig(snapshot);
  const logs = [...merged(written, defaults, side)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, spec]) => {
      const provider = providerOf(snapshot, name);
      // With a filter that cannot be read nothing is logged: no more than what was asked for.
      const isReadable = spec.expression === undefined || expressionProblem(spec.expression) === undefined;
      if (!provider) return [];
      const log = provider.envoyFileAccessLog ? fileLog(snapshot, provider) : serviceLog(snapshot, provider);
      return log ? [{ disabled: spec.disabled || !isReadable, log: withFilter(log, celFilter(spec.expression)) }] : [];
    });
  // Telemetry that names nothing Envoy could write to leaves what the mesh's configuration says.
  if (logs.length === 0) return fromMeshConfig(snapshot);
  return logs.filter((one) => !one.disabled).map((one) => one.log);
}

/** What a listener says of connections that no filter chain takes: nothing else would say it. */
export function listenerAccessLogs(snapshot: MeshSnapshot, proxy: MeshProxy, side: WorkloadMode): any {
  if (snapshot.meshConfig.raw['disableEnvoyListenerLog'] === true) return {};
  const noRoute = { response_flag_filter: { flags: ['NR'] } };
  const logs = accessLogs(snapshot, proxy, side).map((one) => ({ ...one, filter: allOf(noRoute, one.filter) }));
  return logs.length > 0 ? { access_log: logs } : {};
}

/** A log with one more condition. */
export const withFilter = (log: any, filter: any): any => {
  const all = allOf(filter, log.filter);
  return all ? { ...log, filter: all } : log;
};

function allOf(...filters: any[]): any {
  const present = filters.filter((one) => one !== undefined);
  return present.length > 1 ? { and_filter: { filters: present } } : present[0];
}

interface LogSpec {
  disabled: boolean;
  expression?: string;
}

/** A level that names providers replaces those of the level above; the last word about a provider is the one that counts. */
function merged(levels: any[][], defaults: string[], side: WorkloadMode): Map<string, LogSpec> {
  if (levels.length === 0) return new Map(defaults.map((name) => [name, { disabled: false }]));
  let inScope = new Set(defaults);
  const specs = new Map<string, LogSpec>();
  for (const level of levels) {
    const concerned = level.filter((one) => modeFits(one.match?.mode, side));
    const names = concerned.flatMap(providerNames);
    for (const one of concerned)
      for (const name of providerNames(one))
        specs.set(name, { disabled: false, ...(one.filter?.expression ? { expression: one.filter.expression } : {}) });
    if (names.length > 0) inScope = new Set(names);
  }
  const result = new Map<string, LogSpec>();
  let parent = defaults;
  for (const one of levels.flat()) {
    const names = providerNames(one);
    if (names.length > 0) parent = names;
    if (!modeFits(one.match?.mode, side)) continue;
    for (const name of parent.filter((each) => inScope.has(each)))
      result.set(name, one.disabled === true ? { disabled: true } : (specs.get(name) ?? { disabled: false }));
  }
  return result;
}

const celFilter = (expression: string | undefined): any =>
  expression === undefined
    ? undefined
    : {
        extension_filter: {
          name: 'envoy.access_loggers.extension_filters.cel',
          typed_config: typed('extensions.access_loggers.filters.cel.v3.ExpressionFilter', { expression }),
        },
      };

function fromMeshConfig(snapshot: MeshSnapshot): any[] {
  const { accessLogFile } = snapshot.meshConfig;
  return accessLogFile ? [logger(accessLogFile, meshFormat(snapshot))] : [];
}

function fileLog(snapshot: MeshSnapshot, { name, envoyFileAccessLog: settings }: any): any {
  const path = settings.path || '/dev/stdout';
  // The provider that Istio brings writes as the mesh's configuration says.
  if (name === 'envoy' && !settings.logFormat && !settings.omitEmptyValues) return logger(path, meshFormat(snapshot));
  const { text, labels } = settings.logFormat ?? {};
  return logger(path, {
    ...(settings.logFormat && text === undefined ? jsonFormat(labels) : plainFormat(text)),
    ...(settings.omitEmptyValues ? { omit_empty_values: true } : {}),
  });
}

function meshFormat({ meshConfig }: MeshSnapshot): any {
  const { accessLogEncoding, accessLogFormat } = meshConfig;
  if (accessLogEncoding !== 'JSON') return plainFormat(accessLogFormat);
  try {
    return jsonFormat(accessLogFormat ? JSON.parse(accessLogFormat) : undefined);
  } catch {
    return jsonFormat(undefined);
  }
}

/** A line ends where it ends, whether the format says so or not. */
const plainFormat = (text: string | undefined): any => {
  const line = text || textFormat;
  return { text_format_source: { inline_string: line.endsWith('\n') ? line : `${line}\n` }, ...formatters(line) };
};

const jsonFormat = (labels: Record<string, unknown> | undefined): any => {
  const fields = labels && Object.keys(labels).length > 0 ? labels : jsonFields;
  return { json_format: fields, json_format_options: {}, ...formatters(JSON.stringify(fields)) };
};

const logger = (path: string, log_format: any): any => ({
  name: 'envoy.access_loggers.file',
  typed_config: typed('extensions.access_loggers.file.v3.FileAccessLog', { path, log_format }),
});
