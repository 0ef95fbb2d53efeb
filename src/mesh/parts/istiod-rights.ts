import { type DesiredObject, systemNamespace } from '../part.ts';
import { istiodLabels } from './istiod-deployment.ts';

/** istiod's account and what it may do in its own cluster, as in Istio's chart. */
export function istiodRights(): DesiredObject[] {
  const name = `istiod-clusterrole-${systemNamespace}`;
  const labels = istiodLabels;
  const read = ['get', 'list', 'watch'];
  const rules = [
    {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
      verbs: [...read, 'update', 'patch'],
    },
    {
      apiGroups: [
        'config.istio.io',
        'security.istio.io',
        'networking.istio.io',
        'authentication.istio.io',
        'rbac.istio.io',
        'telemetry.istio.io',
        'extensions.istio.io',
      ],
      resources: ['*'],
      verbs: [...read, 'update', 'patch'],
    },
    { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: read },
    { apiGroups: ['gateway.networking.k8s.io'], resources: ['*'], verbs: [...read, 'update', 'patch'] },
    { apiGroups: ['gateway.networking.k8s.io'], resources: ['gatewayclasses'], verbs: ['create', 'delete'] },
    // What Gateways of the Gateway API are deployed as.
    { apiGroups: ['apps'], resources: ['deployments'], verbs: [...read, 'create', 'update', 'patch', 'delete'] },
    {
      apiGroups: [''],
      resources: ['services', 'serviceaccounts'],
      verbs: [...read, 'create', 'update', 'patch', 'delete'],
    },
    // Certificates that Gateways name.
    { apiGroups: [''], resources: ['secrets'], verbs: read },
    { apiGroups: [''], resources: ['pods', 'nodes', 'services', 'namespaces', 'endpoints'], verbs: read },
    { apiGroups: [''], resources: ['configmaps'], verbs: [...read, 'create', 'update'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ];
  const apiGroup = 'rbac.authorization.k8s.io';
  const subjects = [{ kind: 'ServiceAccount', name: 'istiod', namespace: systemNamespace }];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'istiod', namespace: systemNamespace, labels } },
    { apiVersion: `${apiGroup}/v1`, kind: 'ClusterRole', metadata: { name, labels }, rules },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name, labels },
      roleRef: { apiGroup, kind: 'ClusterRole', name },
      subjects,
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'Role',
      metadata: { name: 'istiod', namespace: systemNamespace, labels },
      rules: [
        { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'get', 'list', 'watch', 'update', 'delete'] },
      ],
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'istiod', namespace: systemNamespace, labels },
      roleRef: { apiGroup, kind: 'Role', name: 'istiod' },
      subjects,
    },
  ];
}
