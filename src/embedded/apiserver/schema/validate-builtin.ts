/** Rules of built-in kinds that their schemas do not say: names, references inside an object, what must not change. */
import type { KubeObject } from '../../../kube/index.ts';
import { duplicate, type FieldError, forbidden, invalidValue, notSupported, required } from './validate.ts';
import { validateRole, validateRoleRef, validateWebhooks } from './validate-access.ts';
import { validateConfigMapData, validateSecretData } from './validate-data.ts';
import { validateDefinition } from './validate-definition.ts';
import { immutable, label, labelRule, portErrors, validatePod, validateTemplate } from './validate-pods.ts';
import { fixedStatefulSet, validateClaim, validateCronJob, validateJob } from './validate-workloads.ts';

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const qualifiedName =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** Kinds whose names may be anything that fits in a path segment. */
const pathNames = new Set(['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding', 'CertificateSigningRequest']);

export function validateBuiltin(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  return [...validateMeta(object, old), ...(rules[object.kind ?? '']?.(object, old) ?? [])];
}

/** Metadata, for custom resources as well. */
export function validateMeta(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const { name = '', namespace, labels, annotations } = object.metadata;
  if (!old) {
    if (name === '') errors.push(required('metadata.name', 'name or generateName is required'));
    else if (object.kind === 'Namespace' || object.kind === 'Service') {
      if (!label.test(name) || name.length > 63) errors.push(invalidValue('metadata.name', name, labelRule));
    } else if (pathNames.has(object.kind ?? '')) {
      if (/[/%]/.test(name) || name === '.' || name === '..')
        errors.push(invalidValue('metadata.name', name, "may not contain '/' or '%'"));
    } else if (!subdomain.test(name) || name.length > 253)
      errors.push(invalidValue('metadata.name', name, subdomainRule));
  } else {
    for (const field of ['name', 'namespace', 'uid'] as const)
      if (object.metadata[field] !== old.metadata[field])
        errors.push(invalidValue(`metadata.${field}`, object.metadata[field], 'field is immutable'));
  }
  if (namespace !== undefined && namespace !== '' && !label.test(namespace))
    errors.push(invalidValue('metadata.namespace', namespace, labelRule));
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (!isQualified(key)) errors.push(invalidValue('metadata.labels', key, qualifiedNameRule));
    if (typeof value !== 'string' || value.length > 63 || !labelValue.test(value))
      errors.push(
        invalidValue(
          'metadata.labels',
          value,
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        ),
      );
  }
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    if (!isQualified(key.toLowerCase())) errors.push(invalidValue('metadata.annotations', key, qualifiedNameRule));
    size += key.length + String(value).length;
  }
  if (size > 262_144)
    errors.push({
      reason: 'FieldValueInvalid',
      field: 'metadata.annotations',
      message: 'Too long: may not be more than 262144 bytes',
    });
  return [...errors, ...ownerErrors(object), ...finalizerErrors(object, old)];
}

/** An owner is named whole, and one of them at most is the controller. */
function ownerErrors({ metadata }: KubeObject): FieldError[] {
  const owners = metadata.ownerReferences ?? [];
  const errors = owners.flatMap((owner) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((field) => !owner[field])
      .map((field) => invalidValue(`metadata.ownerReferences.${field}`, owner[field] ?? '', 'must not be empty')),
  );
  if (owners.filter(({ controller }) => controller).length > 1)
    errors.push(invalidValue('metadata.ownerReferences', owners, 'Only one reference can have Controller set to true'));
  return errors;
}

const standardFinalizers = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** Finalizers are qualified names; what is being deleted gets no new ones. */
function finalizerErrors({ metadata }: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  (metadata.finalizers ?? []).forEach((name, index) => {
    if (!qualifiedName.test(name)) errors.push(invalidValue(`metadata.finalizers[${index}]`, name, qualifiedNameRule));
    else if (!name.includes('/') && !standardFinalizers.has(name))
      errors.push(
        invalidValue(
          `metadata.finalizers[${index}]`,
          name,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      );
  });
  const added = (metadata.finalizers ?? []).filter((one) => !old?.metadata.finalizers?.includes(one));
  if (old?.metadata.deletionTimestamp && added.length > 0)
    errors.push(
      forbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
      ),
    );
  return errors;
}

const qualifiedNameRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const isQualified = (key: string): boolean => qualifiedName.test(key) && key.length <= 317;

const rules: Record<string, (object: any, old: any) => FieldError[]> = {
  Pod: validatePod,
  Deployment: (object, old) => [
    ...strategyErrors(object.spec?.strategy),
    ...validateSelector(object.spec, 'spec'),
    ...replicasErrors(object.spec),
    ...validateTemplate(object.spec?.template),
    ...immutable(object, old, 'spec.selector'),
  ],
  ReplicaSet: (object, old) => [
    ...validateSelector(object.spec, 'spec'),
    ...replicasErrors(object.spec),
    ...validateTemplate(object.spec?.template),
    ...immutable(object, old, 'spec.selector'),
  ],
  StatefulSet: (object, old) => [
    ...validateSelector(object.spec, 'spec'),
    ...replicasErrors(object.spec),
    ...validateTemplate(
      object.spec?.template,
      (object.spec?.volumeClaimTemplates ?? []).map((one: any) => one.metadata?.name),
    ),
    ...fixedStatefulSet(object, old),
  ],
  Job: validateJob,
  CronJob: validateCronJob,
  PersistentVolumeClaim: validateClaim,
  PodDisruptionBudget: (object) =>
    object.spec?.minAvailable !== undefined && object.spec?.maxUnavailable !== undefined
      ? [invalidValue('spec', '', 'minAvailable and maxUnavailable cannot be both set')]
      : [],
  DaemonSet: (object, old) => [
    ...validateSelector(object.spec, 'spec'),
    ...validateTemplate(object.spec?.template),
    ...immutable(object, old, 'spec.selector'),
  ],
  Service: validateService,
  Secret: (object, old) => [
    ...validateSecretData(object),
    ...immutable(object, old, 'type'),
    ...frozen(object, old, ['data', 'stringData']),
  ],
  ConfigMap: (object, old) => [...validateConfigMapData(object), ...frozen(object, old, ['data', 'binaryData'])],
  EndpointSlice: (object, old) => {
    const errors = immutable(object, old, 'addressType');
    (object.endpoints ?? []).forEach((endpoint: any, index: number) => {
      const field = `endpoints[${index}].addresses`;
      if (!endpoint.addresses?.length) errors.push(required(field, 'must contain at least 1 address'));
      (endpoint.addresses ?? []).forEach((address: string, at: number) => {
        if (/^127\./.test(address))
          errors.push(
            invalidValue(`${field}[${at}]`, address, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'),
          );
        else if (object.addressType === 'IPv4' && !/^(\d{1,3}\.){3}\d{1,3}$/.test(address))
          errors.push(invalidValue(`${field}[${at}]`, address, 'must be a valid IPv4 address'));
      });
    });
    return errors;
  },
  Role: validateRole,
  ClusterRole: validateRole,
  RoleBinding: (object, old) => [
    ...validateRoleRef(object),
    ...immutable(object, old, 'roleRef', 'cannot change roleRef'),
  ],
  ClusterRoleBinding: (object, old) => [
    ...validateRoleRef(object),
    ...immutable(object, old, 'roleRef', 'cannot change roleRef'),
  ],
  MutatingWebhookConfiguration: validateWebhooks,
  ValidatingWebhookConfiguration: validateWebhooks,
  CustomResourceDefinition: (object, old) => [
    ...validateDefinition(object),
    ...immutable(object, old, 'spec.group'),
    ...immutable(object, old, 'spec.scope'),
  ],
};

function frozen(object: any, old: any, fields: string[]): FieldError[] {
  if (!old?.immutable) return [];
  return fields
    .filter((field) => JSON.stringify(object[field]) !== JSON.stringify(old[field]))
    .map((field) => forbidden(field, 'field is immutable when `immutable` is set'));
}

function strategyErrors(strategy: any): FieldError[] {
  if (strategy?.type === 'Recreate')
    return strategy.rollingUpdate
      ? [forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")]
      : [];
  return strategy?.type === 'RollingUpdate'
    ? []
    : [notSupported('spec.strategy.type', strategy?.type, ['Recreate', 'RollingUpdate'])];
}

function replicasErrors(spec: any): FieldError[] {
  return spec?.replicas < 0 ? [invalidValue('spec.replicas', spec.replicas, 'must be greater than or equal to 0')] : [];
}

function validateSelector(spec: any, field: string): FieldError[] {
  if (!spec?.selector)
    return [
      required(`${field}.selector`),
      invalidValue(`${field}.template.metadata.labels`, undefined, '`selector` does not match template `labels`'),
    ];
  const labels = spec.template?.metadata?.labels ?? {};
  const mismatch = Object.entries(spec.selector.matchLabels ?? {}).some(([key, value]) => labels[key] !== value);
  if (mismatch)
    return [invalidValue(`${field}.template.metadata.labels`, labels, '`selector` does not match template `labels`')];
  if (Object.keys(spec.selector.matchLabels ?? {}).length + (spec.selector.matchExpressions ?? []).length === 0)
    return [invalidValue(`${field}.selector`, spec.selector, 'empty selector is invalid for deployment')];
  return [];
}

function validateService(object: any, old: any): FieldError[] {
  const { spec } = object;
  const errors: FieldError[] = [];
  const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
  if (!types.includes(spec.type)) errors.push(notSupported('spec.type', spec.type, types));
  if (spec.ipFamilyPolicy === 'RequireDualStack')
    errors.push(
      invalidValue(
        'spec.ipFamilyPolicy',
        spec.ipFamilyPolicy,
        'this cluster is not configured for dual-stack services',
      ),
    );
  (spec.ipFamilies ?? []).forEach((family: string, index: number) => {
    if (family !== 'IPv4')
      errors.push(invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  });
  if (spec.type === 'ExternalName' && !spec.externalName) errors.push(required('spec.externalName'));
  const isNewStatus = JSON.stringify(object.status) !== JSON.stringify(old?.status);
  if (isNewStatus && object.status?.loadBalancer?.ingress?.length && spec.type !== 'LoadBalancer')
    errors.push(forbidden('status.loadBalancer.ingress', 'may only be used when `spec.type` is "LoadBalancer"'));
  if (!spec.ports?.length && spec.type !== 'ExternalName' && spec.clusterIP !== 'None')
    errors.push(required('spec.ports'));
  const names = new Set<string>();
  const numbers = new Set<string>();
  (spec.ports ?? []).forEach((port: any, index: number) => {
    const field = `spec.ports[${index}]`;
    errors.push(...portErrors(port.port, `${field}.port`));
    if (spec.ports.length > 1 && !port.name) errors.push(required(`${field}.name`));
    if (port.name && names.has(port.name)) errors.push(duplicate(`${field}.name`, port.name));
    names.add(port.name);
    const key = `${port.protocol}/${port.port}`;
    if (numbers.has(key)) errors.push(duplicate(field, { protocol: port.protocol, port: port.port }));
    numbers.add(key);
  });
  const keepsAddress = old && old.spec.type !== 'ExternalName' && spec.type !== 'ExternalName';
  if (keepsAddress && old.spec.clusterIP && spec.clusterIP !== old.spec.clusterIP)
    errors.push(invalidValue('spec.clusterIPs[0]', [spec.clusterIP], 'may not change once set'));
  return errors;
}
