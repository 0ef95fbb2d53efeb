/** Kinds that are questions: who is this, may they do that, give me a token. Nothing of them is stored. */
import type { KubeObject } from '../../kube/index.ts';
import type { ApiRequest, ServerContext } from './context.ts';
import { timestamp } from './context.ts';
import { type Attributes, isAllowed, rulesFor, type User } from './rbac.ts';
import { invalidValue } from './schema/index.ts';
import { badRequest, invalid, notFound, StatusError } from './status.ts';

type Answer = (
  context: ServerContext,
  request: ApiRequest,
  review: KubeObject,
  namespace: string | undefined,
) => KubeObject;

export const reviews: Record<string, Answer> = {
  TokenReview: (context, _request, review) => {
    const { token = '', audiences } = review['spec'] ?? {};
    const wanted: string[] = audiences?.length ? audiences : [context.tokens.issuer];
    const result = safely(() => context.tokens.check(token, context.storage, wanted));
    const status =
      'user' in result
        ? { authenticated: true, user: result.user, audiences: result.audiences }
        : { user: {}, error: result.why };
    return { ...review, spec: { ...review['spec'] }, status };
  },
  SubjectAccessReview: (context, _request, review) => {
    const { user = '', groups = [] } = review['spec'] ?? {};
    return answered(context, review, { username: user, groups }, review['spec']?.resourceAttributes?.namespace);
  },
  LocalSubjectAccessReview: (context, _request, review, namespace) => {
    const { user = '', groups = [] } = review['spec'] ?? {};
    return answered(context, review, { username: user, groups }, namespace);
  },
  SelfSubjectAccessReview: (context, request, review) =>
    answered(context, review, request.user, review['spec']?.resourceAttributes?.namespace),
  SelfSubjectRulesReview: (context, request, review) => {
    const rules = [...rulesFor(context.storage, request.user, review['spec']?.namespace)];
    const all = request.user.groups.includes('system:masters');
    const resourceRules = all
      ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
      : rules.filter((rule) => rule.resources);
    const nonResourceRules = all
      ? [{ verbs: ['*'], nonResourceURLs: ['*'] }]
      : rules.filter((rule) => rule.nonResourceURLs);
    return { ...review, status: { resourceRules, nonResourceRules, incomplete: false } };
  },
  SelfSubjectReview: (_context, request, review) => ({ ...review, status: { userInfo: request.user } }),
};

function safely<T>(check: () => T): T | { why: string } {
  try {
    return check();
  } catch {
    return { why: 'the token cannot be read' };
  }
}

function answered(context: ServerContext, review: KubeObject, user: User, namespace: string | undefined): KubeObject {
  const { resourceAttributes, nonResourceAttributes } = review['spec'] ?? {};
  if (!resourceAttributes && !nonResourceAttributes)
    throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified');
  const attributes: Attributes = nonResourceAttributes
    ? { verb: nonResourceAttributes.verb ?? '', path: nonResourceAttributes.path ?? '' }
    : {
        verb: resourceAttributes.verb ?? '',
        group: resourceAttributes.group ?? '',
        resource: [resourceAttributes.resource, resourceAttributes.subresource].filter(Boolean).join('/'),
        namespace,
        name: resourceAttributes.name || undefined,
      };
  const allowed = isAllowed(context.storage, user, attributes);
  return { ...review, status: { allowed } };
}

const shortestSeconds = 600;
const longestSeconds = 2 ** 32;

/** serviceaccounts/token. */
export function requestToken(context: ServerContext, namespace: string, name: string, request: KubeObject): KubeObject {
  const account = context.storage.get('/serviceaccounts', namespace, name)?.object;
  if (!account) throw notFound({ group: '', plural: 'serviceaccounts' }, name);
  const { audiences = [], expirationSeconds = 3600, boundObjectRef } = request['spec'] ?? {};
  if (expirationSeconds < shortestSeconds || expirationSeconds > longestSeconds)
    throw invalid('TokenRequest', 'authentication.k8s.io', '', [
      invalidValue('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 10 minutes'),
    ]);
  let boundTo: KubeObject | undefined;
  let node: { name: string; uid?: string } | undefined;
  if (boundObjectRef) {
    const plural = { Pod: 'pods', Secret: 'secrets' }[boundObjectRef.kind as string];
    if (!plural) throw badRequest(`cannot bind token to object of type ${boundObjectRef.kind}`);
    boundTo = context.storage.get(`/${plural}`, namespace, boundObjectRef.name)?.object;
    if (!boundTo) throw notFound({ group: '', plural }, boundObjectRef.name);
    if (boundObjectRef.uid && boundObjectRef.uid !== boundTo.metadata.uid)
      throw new StatusError(
        409,
        'Conflict',
        `the UID in the bound object reference (${boundObjectRef.uid}) does not match the UID in record`,
      );
    boundTo = { ...boundTo, kind: boundObjectRef.kind };
    const nodeName = boundTo['spec']?.nodeName;
    if (plural === 'pods' && nodeName) {
      const uid = context.storage.get('/nodes', undefined, nodeName)?.object.metadata.uid;
      node = { name: nodeName, ...(uid ? { uid } : {}) };
    }
  }
  const { token, expires } = context.tokens.issue(account, {
    audiences: audiences.length > 0 ? audiences : [context.tokens.issuer],
    seconds: expirationSeconds,
    ...(boundTo ? { boundTo } : {}),
    ...(node ? { node } : {}),
  });
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name, namespace, creationTimestamp: timestamp() },
    spec: {
      audiences: audiences.length > 0 ? audiences : [context.tokens.issuer],
      expirationSeconds,
      ...(boundObjectRef ? { boundObjectRef } : {}),
    },
    status: { token, expirationTimestamp: timestamp(expires) },
  };
}
