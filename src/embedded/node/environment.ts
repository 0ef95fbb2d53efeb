/** The environment of a container and its command line, with $(NAME) filled in. */
import { cpus, totalmem } from 'node:os';
import type { Pod, Service } from '../../kube/index.ts';
import { fieldValue, resourceValue } from './downward.ts';
import { hostnameOf } from './pod-context.ts';

export interface EnvironmentSources {
  pod: Pod;
  podIp: string;
  hostIp: string;
  /** Services of the pod's namespace, and `kubernetes` of default. */
  services: Service[];
  configMap(name: string): Record<string, string> | undefined;
  /** Decoded. */
  secret(name: string): Record<string, string> | undefined;
}

export class MissingReference extends Error {}

/** @throws MissingReference naming the ConfigMap, Secret or key that is not there and not optional. */
export function environmentOf(
  container: any,
  sources: EnvironmentSources,
  imageEnv: Record<string, string>,
): Record<string, string> {
  const env: Record<string, string> = {
    ...imageEnv,
    ...serviceVariables(sources),
    HOSTNAME: hostnameOf(sources.pod),
  };
  for (const { configMapRef, secretRef, prefix = '' } of container.envFrom ?? []) {
    const reference = configMapRef ?? secretRef;
    const found = configMapRef ? sources.configMap(reference.name) : sources.secret(reference.name);
    if (!found && !reference.optional)
      throw new MissingReference(`${configMapRef ? 'configmap' : 'secret'} "${reference.name}" not found`);
    for (const [key, value] of Object.entries(found ?? {})) env[prefix + key] = value;
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? fromSource(variable.valueFrom, sources, container)
      : expand(variable.value ?? '', env);
    if (value !== undefined) env[variable.name] = value;
  }
  return env;
}

function fromSource(source: any, sources: EnvironmentSources, container: any): string | undefined {
  if (source.fieldRef) return fieldValue(sources.pod, source.fieldRef.fieldPath, sources.podIp, sources.hostIp) ?? '';
  if (source.resourceFieldRef) {
    const reference = { containerName: container.name, ...source.resourceFieldRef };
    return resourceValue(sources.pod, reference, { cpus: cpus().length, memoryBytes: totalmem() });
  }
  const { configMapKeyRef, secretKeyRef } = source;
  const reference = configMapKeyRef ?? secretKeyRef;
  if (!reference) return '';
  const found = configMapKeyRef ? sources.configMap(reference.name) : sources.secret(reference.name);
  const value = found?.[reference.key];
  if (value !== undefined || reference.optional) return value;
  const kind = configMapKeyRef ? 'configmap' : 'secret';
  throw new MissingReference(
    found
      ? `couldn't find key ${reference.key} in ${kind} ${sources.pod.metadata.namespace}/${reference.name}`
      : `${kind} "${reference.name}" not found`,
  );
}

/** $(NAME) of known names; $$ is a dollar. */
export function expand(text: string, env: Record<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]+)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? whole),
  );
}

function serviceVariables({ pod, services }: EnvironmentSources): Record<string, string> {
  const env: Record<string, string> = {};
  for (const service of services) {
    const { name = '', namespace } = service.metadata;
    const isApi = namespace === 'default' && name === 'kubernetes';
    const linked = pod.spec['enableServiceLinks'] !== false && namespace === pod.metadata.namespace;
    const address = service.spec['clusterIP'];
    if ((!isApi && !linked) || !address || address === 'None') continue;
    const prefix = name.toUpperCase().replaceAll('-', '_');
    const ports: any[] = service.spec['ports'] ?? [];
    env[`${prefix}_SERVICE_HOST`] = address;
    if (ports[0]) {
      env[`${prefix}_SERVICE_PORT`] = String(ports[0].port);
      env[`${prefix}_PORT`] = `${ports[0].protocol.toLowerCase()}://${address}:${ports[0].port}`;
    }
    for (const port of ports)
      if (port.name) env[`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`] = String(port.port);
  }
  return env;
}
