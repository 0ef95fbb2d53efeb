/** Rules of workloads beyond their pods: what of a StatefulSet, Job or claim may change, and how a Job's pods may be restarted. */
import { type FieldError, forbidden, invalidValue, notSupported, required } from './validate.ts';
import { immutable, sorted, validatePodSpec } from './validate-pods.ts';

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

const without = (object: any, fields: string[]): string =>
  JSON.stringify(sorted(Object.fromEntries(Object.entries(object ?? {}).filter(([name]) => !fields.includes(name)))));

export function fixedStatefulSet(object: any, old: any): FieldError[] {
  if (!old || without(object.spec, changeable) === without(old.spec, changeable)) return [];
  return [
    forbidden(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}

function jobSpecErrors(spec: any, field: string): FieldError[] {
  const errors = spec?.template
    ? validatePodSpec(spec.template.spec ?? {}, `${field}.template.spec`)
    : [required(`${field}.template`)];
  const policy = spec?.template?.spec?.restartPolicy;
  if (policy !== 'OnFailure' && policy !== 'Never')
    errors.push({
      reason: 'FieldValueRequired',
      field: `${field}.template.spec.restartPolicy`,
      message: 'Required value: valid values: "OnFailure", "Never"',
    });
  for (const name of ['completions', 'parallelism', 'backoffLimit', 'activeDeadlineSeconds', 'ttlSecondsAfterFinished'])
    if (spec?.[name] < 0)
      errors.push(invalidValue(`${field}.${name}`, spec[name], 'must be greater than or equal to 0'));
  if (spec?.completionMode === 'Indexed' && spec.completions === undefined)
    errors.push(required(`${field}.completions`, 'when completion mode is Indexed'));
  return errors;
}

export function validateJob(object: any, old: any): FieldError[] {
  const indexed = object.spec?.completionMode === 'Indexed';
  // An Indexed job may grow and shrink, if both numbers do so together.
  const resized = indexed && object.spec.completions === object.spec.parallelism;
  const mayChange = old?.spec.suspend === true && !old.status?.startTime;
  return [
    ...jobSpecErrors(object.spec, 'spec'),
    ...(resized ? [] : immutable(object, old, 'spec.completions')),
    ...immutable(object, old, 'spec.completionMode'),
    ...immutable(object, old, 'spec.selector'),
    ...(mayChange ? [] : immutable(object, old, 'spec.template')),
  ];
}

export function validateCronJob(object: any): FieldError[] {
  const { spec = {} } = object;
  const errors = jobSpecErrors(spec.jobTemplate?.spec, 'spec.jobTemplate.spec');
  if (!spec.schedule) errors.push(required('spec.schedule'));
  else if (!/^(@\w+|\S+(\s+\S+){4})$/.test(spec.schedule.trim()))
    errors.push(
      invalidValue(
        'spec.schedule',
        spec.schedule,
        `expected exactly 5 fields, found ${spec.schedule.trim().split(/\s+/).length}`,
      ),
    );
  if (spec.timeZone !== undefined && !isTimeZone(spec.timeZone))
    errors.push(invalidValue('spec.timeZone', spec.timeZone, 'unknown time zone'));
  const policies = ['Allow', 'Forbid', 'Replace'];
  if (!policies.includes(spec.concurrencyPolicy))
    errors.push(notSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, policies));
  // Eleven characters are added to the name for each Job.
  if (object.metadata.name?.length > 52)
    errors.push(invalidValue('metadata.name', object.metadata.name, 'must be no more than 52 characters'));
  return errors;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export function validateClaim(object: any, old: any): FieldError[] {
  const errors: FieldError[] = [];
  if (!object.spec?.accessModes?.length)
    errors.push(required('spec.accessModes', 'at least 1 access mode is required'));
  if (!object.spec?.resources?.requests?.storage) errors.push(required('spec.resources[storage]'));
  const bound = ['volumeName', 'resources', 'volumeAttributesClassName'];
  const settled = old?.spec.storageClassName === undefined ? ['storageClassName', ...bound] : bound;
  const isFixed = old?.spec.volumeName && old.spec.volumeName !== object.spec.volumeName;
  if (old && (isFixed || without(object.spec, settled) !== without(old.spec, settled)))
    errors.push(
      forbidden(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    );
  return errors;
}
