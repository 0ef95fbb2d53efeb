/** Rules of roles, bindings and webhooks that their schemas do not say. */
import { type FieldError, invalidValue, notSupported, required } from './validate.ts';

export function validateRole(object: any): FieldError[] {
  return (object.rules ?? []).flatMap((rule: any, index: number) => {
    const field = `rules[${index}]`;
    const errors: FieldError[] = [];
    if (!rule.verbs?.length) errors.push(required(`${field}.verbs`, 'verbs must contain at least one value'));
    if (rule.nonResourceURLs?.length) return errors;
    if (!rule.apiGroups?.length)
      errors.push(required(`${field}.apiGroups`, 'resource rules must supply at least one api group'));
    if (!rule.resources?.length)
      errors.push(required(`${field}.resources`, 'resource rules must supply at least one resource'));
    return errors;
  });
}

export function validateRoleRef(object: any): FieldError[] {
  const { apiGroup, kind, name } = object.roleRef ?? {};
  const errors: FieldError[] = [];
  const kinds = object.kind === 'ClusterRoleBinding' ? ['ClusterRole'] : ['Role', 'ClusterRole'];
  if (apiGroup !== 'rbac.authorization.k8s.io')
    errors.push(notSupported('roleRef.apiGroup', apiGroup, ['rbac.authorization.k8s.io']));
  if (!kinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, kinds));
  if (!name) errors.push(required('roleRef.name'));
  (object.subjects ?? []).forEach((subject: any, index: number) => {
    const field = `subjects[${index}]`;
    if (!subject.name) errors.push(required(`${field}.name`));
    if (!['ServiceAccount', 'User', 'Group'].includes(subject.kind))
      errors.push(notSupported(`${field}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group']));
    if (subject.kind === 'ServiceAccount' && !subject.namespace && object.kind === 'ClusterRoleBinding')
      errors.push(required(`${field}.namespace`));
  });
  return errors;
}

const sideEffects = ['None', 'NoneOnDryRun'];
const domainName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?){2,}$/;

export function validateWebhooks(object: any): FieldError[] {
  const errors: FieldError[] = [];
  (object.webhooks ?? []).forEach((webhook: any, index: number) => {
    const field = `webhooks[${index}]`;
    if (!domainName.test(webhook.name ?? ''))
      errors.push(
        invalidValue(
          `${field}.name`,
          webhook.name,
          'should be a domain with at least three segments separated by dots',
        ),
      );
    if (!webhook.sideEffects) errors.push(required(`${field}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
    else if (!sideEffects.includes(webhook.sideEffects))
      errors.push(notSupported(`${field}.sideEffects`, webhook.sideEffects, sideEffects));
    if (!webhook.admissionReviewVersions?.length)
      errors.push(required(`${field}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
    if (!['Fail', 'Ignore'].includes(webhook.failurePolicy))
      errors.push(notSupported(`${field}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']));
    const { timeoutSeconds } = webhook;
    if (timeoutSeconds !== undefined && !(timeoutSeconds >= 1 && timeoutSeconds <= 30))
      errors.push(
        invalidValue(`${field}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'),
      );
    const targets = Number(Boolean(webhook.clientConfig?.service)) + Number(Boolean(webhook.clientConfig?.url));
    if (targets !== 1) errors.push(required(`${field}.clientConfig`, 'exactly one of url or service is required'));
  });
  return errors;
}
