/** A request as admission sees it: for which webhooks and policies it is, and how it is shown to them. */
import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../kube/index.ts';
import type { RequestVariables } from './cel/index.ts';
import { type ApiRequest, isDryRun, type ServerContext } from './context.ts';
import { apiVersion, type Resource } from './resources.ts';
import { matchesLabelSelector } from './selectors.ts';

export interface AdmissionAttributes {
  resource: Resource;
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  object: KubeObject | undefined;
  old: KubeObject | undefined;
  subresource: string;
}

/**
 * Whether a webhook or policy is for this request.
 * @param webhook with `rules`, `objectSelector`, `namespaceSelector` and `matchPolicy`
 */
export function matchesRequest(context: ServerContext, webhook: any, attributes: AdmissionAttributes): boolean {
  const { resource } = attributes;
  const covered = (rules: any[] | undefined): boolean =>
    (rules ?? []).some((rule) => coversRequest(rule, webhook, attributes));
  if (!covered(webhook.rules) || covered(webhook.excludeResourceRules)) return false;
  const subjects = [attributes.object, attributes.old].filter((one) => one !== undefined);
  if (!subjects.some((one) => matchesLabelSelector(webhook.objectSelector, one.metadata.labels ?? {}))) return false;
  const namespace = resource.namespaced
    ? context.storage.get('/namespaces', undefined, subjects[0]?.metadata.namespace ?? '')?.object
    : resource.plural === 'namespaces'
      ? subjects[0]
      : undefined;
  return !namespace || matchesLabelSelector(webhook.namespaceSelector, namespace.metadata.labels ?? {});
}

function coversRequest(
  rule: any,
  { matchPolicy }: any,
  { resource, operation, subresource, object, old }: AdmissionAttributes,
): boolean {
  const named = subresource ? `${resource.plural}/${subresource}` : resource.plural;
  const listed = (list: string[] | undefined, value: string) =>
    (list ?? []).some((one) => one === '*' || one === value);
  return (
    listed(rule.operations, operation) &&
    listed(rule.apiGroups, resource.group) &&
    // matchPolicy Equivalent: another version of the same resource is asked about as well.
    (listed(rule.apiVersions, resource.version) || matchPolicy !== 'Exact') &&
    (rule.resources ?? []).some(
      (one: string) =>
        one === named ||
        one === '*/*' ||
        (one === '*' && !subresource) ||
        (subresource && one === `${resource.plural}/*`),
    ) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes((object ?? old)?.metadata.name)) &&
    (rule.scope === '*' || rule.scope === undefined || (rule.scope === 'Namespaced') === resource.namespaced)
  );
}

/** What expressions know of a request. */
export function requestVariables(request: ApiRequest, attributes: AdmissionAttributes): RequestVariables {
  const { object: _, oldObject: __, ...shown } = reviewOf(request, attributes).request;
  return { object: attributes.object, oldObject: attributes.old, request: shown };
}

/** The AdmissionReview that webhooks are sent. */
export function reviewOf(request: ApiRequest, attributes: AdmissionAttributes) {
  const { resource, operation, object, old, subresource } = attributes;
  const subject = object ?? old;
  const kind = { group: resource.group, version: resource.version, kind: resource.kind };
  const path = { group: resource.group, version: resource.version, resource: resource.plural };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind,
      resource: path,
      requestKind: kind,
      requestResource: path,
      ...(subresource ? { subResource: subresource, requestSubResource: subresource } : {}),
      name: subject?.metadata.name ?? '',
      ...(subject?.metadata.namespace ? { namespace: subject.metadata.namespace } : {}),
      operation,
      userInfo: request.user,
      object: object ? { ...object, apiVersion: apiVersion(resource), kind: resource.kind } : null,
      oldObject: old ?? null,
      dryRun: isDryRun(request),
      options: null,
    },
  };
}
