/** What a fresh cluster holds before anybody asks: namespaces, roles, the Service of the API itself. */
import type { KubeObject } from '../../kube/index.ts';

const rule = (apiGroups: string[], resources: string[], verbs: string[]) => ({ apiGroups, resources, verbs });
const everything = [rule(['*'], ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }];
const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];

const workloads = [
  rule(
    [''],
    [
      'configmaps',
      'endpoints',
      'persistentvolumeclaims',
      'pods',
      'replicationcontrollers',
      'serviceaccounts',
      'services',
    ],
    [],
  ),
  rule(
    ['apps'],
    [
      'daemonsets',
      'deployments',
      'deployments/scale',
      'replicasets',
      'replicasets/scale',
      'statefulsets',
      'statefulsets/scale',
    ],
    [],
  ),
  rule(['batch'], ['cronjobs', 'jobs'], []),
  rule(['autoscaling'], ['horizontalpodautoscalers'], []),
  rule(['policy'], ['poddisruptionbudgets'], []),
  rule(['networking.k8s.io'], ['ingresses', 'networkpolicies'], []),
  rule(['discovery.k8s.io'], ['endpointslices'], []),
];
const withVerbs = (verbs: string[]) => workloads.map((one) => ({ ...one, verbs }));
const viewing = [
  ...withVerbs(read),
  rule(['apps'], ['controllerrevisions'], read),
  rule(['metrics.k8s.io'], ['pods', 'nodes'], read),
  rule([''], ['events', 'namespaces', 'pods/log', 'pods/status', 'limitranges', 'resourcequotas'], read),
];
const editing = [
  ...viewing,
  ...withVerbs(write),
  rule([''], ['secrets'], [...read, ...write]),
  rule(
    [''],
    ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'services/proxy'],
    ['get', 'create', 'update', 'patch', 'delete'],
  ),
  rule([''], ['pods/eviction', 'serviceaccounts/token'], ['create']),
  rule([''], ['pods/ephemeralcontainers'], ['get', 'patch', 'update']),
  rule(['coordination.k8s.io'], ['leases'], [...read, ...write]),
];

const clusterRoles: Record<string, unknown[]> = {
  'cluster-admin': everything,
  admin: [
    ...editing,
    rule(['rbac.authorization.k8s.io'], ['roles', 'rolebindings'], [...read, ...write]),
    rule(['authorization.k8s.io'], ['localsubjectaccessreviews'], ['create']),
  ],
  edit: editing,
  view: viewing,
  'system:basic-user': [
    rule(['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
    rule(['authentication.k8s.io'], ['selfsubjectreviews'], ['create']),
  ],
  'system:discovery': [
    {
      nonResourceURLs: [
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ],
      verbs: ['get'],
    },
  ],
  'system:public-info-viewer': [
    { nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'], verbs: ['get'] },
  ],
  'system:auth-delegator': [
    rule(['authentication.k8s.io'], ['tokenreviews'], ['create']),
    rule(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
  ],
  'system:service-account-issuer-discovery': [
    { nonResourceURLs: ['/.well-known/openid-configuration', '/openid/v1/jwks'], verbs: ['get'] },
  ],
  'system:node': [
    rule([''], ['configmaps', 'secrets', 'services', 'endpoints', 'namespaces', 'serviceaccounts'], read),
    rule([''], ['nodes', 'nodes/status'], [...read, 'create', 'update', 'patch']),
    rule([''], ['pods'], [...read, 'create', 'delete']),
    rule([''], ['persistentvolumeclaims', 'persistentvolumes'], ['get']),
    rule([''], ['pods/status'], ['patch', 'update']),
    rule([''], ['pods/eviction', 'serviceaccounts/token'], ['create']),
    rule(['', 'events.k8s.io'], ['events'], ['create', 'patch', 'update']),
    rule(['coordination.k8s.io'], ['leases'], [...read, 'create', 'update', 'patch', 'delete']),
    rule(['discovery.k8s.io'], ['endpointslices'], read),
    rule(['authentication.k8s.io'], ['tokenreviews'], ['create']),
    rule(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
  ],
  // All controllers share one identity here; in kube-controller-manager each has its own account, together as wide as this.
  'system:kube-controller-manager': everything,
};

const clusterRoleBindings: Record<string, { role: string; groups?: string[]; users?: string[] }> = {
  'cluster-admin': { role: 'cluster-admin', groups: ['system:masters'] },
  'system:basic-user': { role: 'system:basic-user', groups: ['system:authenticated'] },
  'system:discovery': { role: 'system:discovery', groups: ['system:authenticated'] },
  'system:public-info-viewer': {
    role: 'system:public-info-viewer',
    groups: ['system:authenticated', 'system:unauthenticated'],
  },
  'system:service-account-issuer-discovery': {
    role: 'system:service-account-issuer-discovery',
    groups: ['system:serviceaccounts'],
  },
  'system:node': { role: 'system:node', groups: ['system:nodes'] },
  'system:kube-controller-manager': {
    role: 'system:kube-controller-manager',
    users: ['system:kube-controller-manager'],
  },
};

export function bootstrapObjects(options: { clusterIP: string; nodeAddress: string; apiPort: number }): KubeObject[] {
  const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
  const apiGroup = 'rbac.authorization.k8s.io';
  return [
    ...['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    })),
    ...Object.entries(clusterRoles).map(([name, rules]) => ({
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRole',
      metadata: { name, labels },
      rules,
    })),
    ...Object.entries(clusterRoleBindings).map(([name, { role, groups = [], users = [] }]) => ({
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name, labels },
      roleRef: { apiGroup, kind: 'ClusterRole', name: role },
      subjects: [
        ...groups.map((group) => ({ apiGroup, kind: 'Group', name: group })),
        ...users.map((user) => ({ apiGroup, kind: 'User', name: user })),
      ],
    })),
    ...[
      { name: 'system-cluster-critical', value: 2_000_000_000 },
      { name: 'system-node-critical', value: 2_000_001_000 },
    ].map(({ name, value }) => ({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value,
      preemptionPolicy: 'PreemptLowerPriority',
    })),
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'isthmus.dev/local-path',
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { component: 'apiserver', provider: 'kubernetes' },
      },
      spec: {
        clusterIP: options.clusterIP,
        ports: [{ name: 'https', port: 443, targetPort: options.apiPort, protocol: 'TCP' }],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [options.nodeAddress], conditions: { ready: true } }],
      ports: [{ name: 'https', port: options.apiPort, protocol: 'TCP' }],
    },
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [
        {
          addresses: [{ ip: options.nodeAddress }],
          ports: [{ name: 'https', port: options.apiPort, protocol: 'TCP' }],
        },
      ],
    },
  ];
}
