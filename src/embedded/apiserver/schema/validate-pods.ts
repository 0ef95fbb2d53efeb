/** Rules of pods and of the templates from which workloads make them, and what other rules share. */
import { compareQuantities } from './quantity.ts';
import { duplicate, type FieldError, forbidden, invalidValue, notSupported, required } from './validate.ts';

export const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
export const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

export function immutable(object: any, old: any, path: string, detail = 'field is immutable'): FieldError[] {
  if (!old || JSON.stringify(at(object, path)) === JSON.stringify(at(old, path))) return [];
  return [invalidValue(path, at(object, path), detail)];
}

export function portErrors(port: unknown, field: string): FieldError[] {
  if (port === undefined) return [required(field)];
  return typeof port === 'number' && port >= 1 && port <= 65_535
    ? []
    : [invalidValue(field, port, 'must be between 1 and 65535, inclusive')];
}

/** Of a pod's spec only images, deadline, tolerations (added) and, once, the node may change. */
export function validatePod(object: any, old: any): FieldError[] {
  if (!old) return validatePodSpec(object.spec ?? {}, 'spec');
  const comparable = (pod: any) => {
    const {
      activeDeadlineSeconds: _a,
      tolerations: _t,
      nodeName: _n,
      schedulingGates: _s,
      terminationGracePeriodSeconds: _g,
      ...spec
    } = pod.spec;
    const strip = (container: any) => ({ ...container, image: '' });
    const { ephemeralContainers: _e, ...rest } = spec;
    return JSON.stringify(
      sorted({ ...rest, containers: spec.containers?.map(strip), initContainers: spec.initContainers?.map(strip) }),
    );
  };
  if (old.spec.nodeName && old.spec.nodeName !== object.spec.nodeName)
    return [forbidden('spec', 'pod updates may not change fields other than `spec.containers[*].image`')];
  return comparable(object) === comparable(old)
    ? []
    : [
        forbidden(
          'spec',
          'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
        ),
      ];
}

export function validatePodSpec(spec: any, field: string, claims: string[] = []): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.containers?.length) errors.push(required(`${field}.containers`));
  const volumes = new Set<string>();
  (spec.volumes ?? []).forEach((volume: any, index: number) => {
    if (!volume.name) errors.push(required(`${field}.volumes[${index}].name`));
    else if (!label.test(volume.name))
      errors.push(invalidValue(`${field}.volumes[${index}].name`, volume.name, labelRule));
    if (volumes.has(volume.name)) errors.push(duplicate(`${field}.volumes[${index}].name`, volume.name));
    volumes.add(volume.name);
  });
  for (const name of claims) volumes.add(name);
  const names = new Set<string>();
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    (spec[list] ?? []).forEach((container: any, index: number) => {
      const path = `${field}.${list}[${index}]`;
      if (!container.name) errors.push(required(`${path}.name`));
      else if (!label.test(container.name)) errors.push(invalidValue(`${path}.name`, container.name, labelRule));
      else if (names.has(container.name)) errors.push(duplicate(`${path}.name`, container.name));
      names.add(container.name);
      if (!container.image) errors.push(required(`${path}.image`));
      const mounts = new Set<string>();
      (container.volumeMounts ?? []).forEach((mount: any, position: number) => {
        const mountPath = `${path}.volumeMounts[${position}]`;
        if (!volumes.has(mount.name))
          errors.push({
            reason: 'FieldValueNotFound',
            field: `${mountPath}.name`,
            message: `Not found: ${JSON.stringify(mount.name)}`,
          });
        if (!mount.mountPath) errors.push(required(`${mountPath}.mountPath`));
        if (mounts.has(mount.mountPath))
          errors.push(invalidValue(`${mountPath}.mountPath`, mount.mountPath, 'must be unique'));
        mounts.add(mount.mountPath);
      });
      (container.ports ?? []).forEach((port: any, position: number) => {
        errors.push(...portErrors(port.containerPort, `${path}.ports[${position}].containerPort`));
      });
      for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'])
        errors.push(...handlerErrors(container[name], `${path}.${name}`));
      for (const name of ['postStart', 'preStop'])
        errors.push(...handlerErrors(container.lifecycle?.[name], `${path}.lifecycle.${name}`));
      const { limits = {}, requests = {} } = container.resources ?? {};
      for (const [name, amount] of Object.entries(requests))
        if (limits[name] !== undefined && compareQuantities(amount, limits[name]) > 0)
          errors.push(
            invalidValue(
              `${path}.resources.requests`,
              amount,
              `must be less than or equal to ${name} limit of ${limits[name]}`,
            ),
          );
      (container.env ?? []).forEach((variable: any, position: number) => {
        if (!variable.name) errors.push(required(`${path}.env[${position}].name`));
      });
    });
  }
  return errors;
}

const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'];

/** A probe or hook does exactly one thing. */
function handlerErrors(handler: any, field: string): FieldError[] {
  if (!handler) return [];
  const [first, ...others] = handlers.filter((name) => handler[name] !== undefined);
  if (!first) return [required(field, 'must specify a handler type')];
  return others.map((name) => forbidden(`${field}.${name}`, 'may not specify more than 1 handler type'));
}

/** @param claims names of volumes that come from claim templates */
export function validateTemplate(template: any, claims: string[] = []): FieldError[] {
  if (!template) return [required('spec.template')];
  const errors = validatePodSpec(template.spec ?? {}, 'spec.template.spec', claims);
  if (template.spec?.restartPolicy && template.spec.restartPolicy !== 'Always')
    errors.push(notSupported('spec.template.spec.restartPolicy', template.spec.restartPolicy, ['Always']));
  return errors;
}

export function sorted(value: any): any {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .filter((name) => value[name] !== undefined)
      .map((name) => [name, sorted(value[name])]),
  );
}

function at(object: any, path: string): unknown {
  return path.split('.').reduce((value, part) => value?.[part], object);
}
