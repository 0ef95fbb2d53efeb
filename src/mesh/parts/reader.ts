/** The account by which an istiod reads a cluster, with the rights that Istio's charts give it. */
import { type DesiredObject, systemNamespace } from '../part.ts';

export const readerAccount = 'istio-reader-service-account';

export function readerObjects(isRemote: boolean): DesiredObject[] {
  const name = `istio-reader-clusterrole-${systemNamespace}`;
  const labels = { app: 'istio-reader', release: 'istio' };
  const read = ['get', 'list', 'watch'];
  const rules = [
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
      verbs: read,
    },
    {
      apiGroups: [''],
      resources: [
        'endpoints',
        'pods',
        'services',
        'nodes',
        'replicationcontrollers',
        'namespaces',
        'secrets',
        'configmaps',
      ],
      verbs: read,
    },
    { apiGroups: ['gateway.networking.k8s.io', 'networking.istio.io'], resources: ['gateways'], verbs: read },
    { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: read },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
    { apiGroups: ['multicluster.x-k8s.io'], resources: ['serviceexports'], verbs: [...read, 'create', 'delete'] },
    { apiGroups: ['multicluster.x-k8s.io'], resources: ['serviceimports'], verbs: read },
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: read },
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    ...(isRemote
      ? [
          { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'update'] },
          {
            apiGroups: ['admissionregistration.k8s.io'],
            resources: ['mutatingwebhookconfigurations'],
            verbs: [...read, 'update', 'patch'],
          },
          {
            apiGroups: ['admissionregistration.k8s.io'],
            resources: ['validatingwebhookconfigurations'],
            verbs: [...read, 'update'],
          },
        ]
      : []),
  ];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: readerAccount, namespace: systemNamespace, labels } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name, labels }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name, labels },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name: readerAccount, namespace: systemNamespace }],
    },
  ];
}
