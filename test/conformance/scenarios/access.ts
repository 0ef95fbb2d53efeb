/** Roles, reviews, tokens and webhooks. */
import { create } from '../create.ts';
import type { Scenario } from '../exchange.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const webhook = {
  name: 'a.example.com',
  clientConfig: { service: { name: 'x', namespace: 'default' }, caBundle: 'Cg==' },
  rules: [{ operations: ['CREATE'], apiGroups: ['other.example.com'], apiVersions: ['v1'], resources: ['others'] }],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
};

export const access: Scenario = {
  name: 'access',
  steps: [
    create('role', `${rbac}/namespaces/default/roles`, {
      metadata: { name: 'r' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    }),
    create('role without verbs', `${rbac}/namespaces/default/roles`, {
      metadata: { name: 'bad' },
      rules: [{ apiGroups: [''], resources: ['pods'] }],
    }),
    create('binding', `${rbac}/namespaces/default/rolebindings`, {
      metadata: { name: 'b' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [
        { kind: 'User', name: 'alice' },
        { kind: 'ServiceAccount', name: 'sa' },
      ],
    }),
    {
      name: 'another role for a binding',
      method: 'PATCH',
      path: `${rbac}/namespaces/default/rolebindings/b`,
      contentType: 'application/merge-patch+json',
      body: { roleRef: { name: 'x' } },
    },
    create('binding to nothing', `${rbac}/namespaces/default/rolebindings`, {
      metadata: { name: 'bad' },
      roleRef: { apiGroup: 'x', kind: 'Thing', name: '' },
    }),
    create('cluster role', `${rbac}/clusterroles`, {
      metadata: { name: 'cr' },
      rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
    }),
    create('own access', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } },
    }),
    create("alice's access", '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: 'alice', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } },
    }),
    create("alice's lack of access", '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: 'alice', resourceAttributes: { verb: 'delete', resource: 'pods', namespace: 'default' } },
    }),
    create('no token', '/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token: 'x' },
    }),
    create('who am I', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
    }),
    create('account', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'sa' } }),
    create('token', '/api/v1/namespaces/default/serviceaccounts/sa/token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['istio-ca'], expirationSeconds: 3600 },
    }),
    create('token for too short', '/api/v1/namespaces/default/serviceaccounts/sa/token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 1 },
    }),
    {
      name: 'token review',
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: (answers: Map<string, any>) => ({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: answers.get('token').status.token, audiences: ['istio-ca'] },
      }),
    },
    {
      name: 'token review for others',
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: (answers: Map<string, any>) => ({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: answers.get('token').status.token, audiences: ['vault'] },
      }),
    },
    create('mutating', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      metadata: { name: 'm' },
      webhooks: [webhook],
    }),
    create('validating', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
      metadata: { name: 'v' },
      webhooks: [webhook],
    }),
    create('mutating with side effects', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      metadata: { name: 'bad' },
      webhooks: [{ ...webhook, sideEffects: 'Some' }],
    }),
    create('mutating without a domain', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      metadata: { name: 'bad' },
      webhooks: [{ ...webhook, name: 'a' }],
    }),
    create('mutating to nowhere', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      metadata: { name: 'bad' },
      webhooks: [{ ...webhook, clientConfig: {} }],
    }),
  ],
};
