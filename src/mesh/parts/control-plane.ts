import { stringify } from 'yaml';
import { kinds } from '../../kube/index.ts';
import { remotesOf } from '../../spec/index.ts';
import { type DesiredObject, here, istioVersion, type Part, type PartContext, systemNamespace } from '../part.ts';
import { waitForAddress, waitForDeployment } from '../predicates.ts';
import { gatewayName } from './gateway-addresses.ts';
import { readerObjects } from './reader.ts';
import { injectorWebhook, validatorWebhook } from './webhooks.ts';

const labels = { app: 'istiod', istio: 'pilot' };

/** istiod in a primary; in a remote the Service and the webhook that lead to the primary's istiod by way of its gateway. */
export const controlPlane: Part = {
  name: 'control-plane',
  applies: () => true,
  needs: (_, cluster) => [
    ...['custom-resources', 'namespaces', 'trust'].map((part) => ({ part, cluster: cluster.name })),
    ...(cluster.role === 'remote' ? [{ part: 'gateway-addresses', cluster: cluster.primary }] : []),
  ],
  desired: async (context) =>
    here(context, context.cluster.role === 'primary' ? primaryObjects(context) : await remoteObjects(context)),
  async ready(context) {
    if (context.cluster.role === 'primary') await waitForDeployment(context, systemNamespace, 'istiod');
    await context.wait.for(
      context.client,
      kinds.MutatingWebhookConfiguration,
      'istio-sidecar-injector',
      undefined,
      (found) => {
        const empty = (found?.['webhooks'] ?? []).filter((one: any) => !one.clientConfig?.caBundle);
        if (found && empty.length === 0) return undefined;
        return `waiting for istiod to write caBundle into webhook istio-sidecar-injector of ${context.cluster.name}: it must have synced the cluster`;
      },
    );
    await context.wait.for(context.client, kinds.ConfigMap, 'istio-ca-root-cert', systemNamespace, (found) =>
      found
        ? undefined
        : `waiting for ConfigMap istio-ca-root-cert in ${context.cluster.name}: istiod writes it when it leads the cluster`,
    );
  },
};

function primaryObjects(context: PartContext): DesiredObject[] {
  const { cluster, mesh } = context;
  const isExternal = remotesOf(mesh, cluster.name).length > 0;
  return [
    ...readerObjects(false),
    ...istiodRights(),
    meshConfig(context),
    istiodDeployment(context, isExternal),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'istiod', namespace: systemNamespace, labels: { ...labels, 'istio.io/rev': 'default' } },
      spec: {
        selector: labels,
        ports: [
          { name: 'grpc-xds', port: 15_010, targetPort: 15_010, protocol: 'TCP' },
          { name: 'https-dns', port: 15_012, targetPort: 15_012, protocol: 'TCP' },
          { name: 'https-webhook', port: 443, targetPort: 15_017, protocol: 'TCP' },
          { name: 'http-monitoring', port: 15_014, targetPort: 15_014, protocol: 'TCP' },
        ],
      },
    },
    injectorWebhook('/inject'),
    validatorWebhook(),
  ];
}

async function remoteObjects(context: PartContext): Promise<DesiredObject[]> {
  const { name, network, primary } = context.cluster;
  const address = await waitForAddress(context, primary, systemNamespace, gatewayName);
  const port = (portName: string, number: number) => ({ name: portName, port: number, protocol: 'TCP' });
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'istiod', namespace: systemNamespace, labels: { ...labels, 'istio.io/rev': 'default' } },
      spec: {
        ports: [
          { ...port('tcp-istiod', 15_012), targetPort: 15_012 },
          { ...port('tcp-webhook', 443), targetPort: 15_017 },
        ],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'istiod',
        namespace: systemNamespace,
        labels: { 'kubernetes.io/service-name': 'istiod', 'istio.io/rev': 'default' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [port('tcp-istiod', 15_012), port('tcp-webhook', 15_017)],
    },
    injectorWebhook(`/inject/cluster/${name}/net/${network}`),
  ];
}

function meshConfig({ mesh }: PartContext): DesiredObject {
  const config = {
    accessLogFile: mesh.controlPlane.accessLog ? '/dev/stdout' : '',
    defaultConfig: { discoveryAddress: `istiod.${systemNamespace}.svc:15012`, meshId: mesh.meshID, proxyMetadata: {} },
    defaultProviders: { metrics: ['prometheus'] },
    enablePrometheusMerge: true,
    rootNamespace: systemNamespace,
    trustDomain: mesh.trustDomain,
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: systemNamespace, labels: { 'istio.io/rev': 'default' } },
    data: { mesh: stringify(config), meshNetworks: 'networks: {}\n' },
  };
}

function istiodDeployment({ cluster, mesh }: PartContext, isExternal: boolean): DesiredObject {
  const fieldRef = (name: string, fieldPath: string) => ({
    name,
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
  });
  const value = (name: string, text: string) => ({ name, value: text });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'istiod', namespace: systemNamespace, labels: { ...labels, 'istio.io/rev': 'default' } },
    spec: {
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '100%', maxUnavailable: '25%' } },
      selector: { matchLabels: labels },
      template: {
        metadata: {
          labels: { ...labels, 'istio.io/rev': 'default', 'sidecar.istio.io/inject': 'false' },
          annotations: {
            'prometheus.io/port': '15014',
            'prometheus.io/scrape': 'true',
            'sidecar.istio.io/inject': 'false',
          },
        },
        spec: {
          serviceAccountName: 'istiod',
          containers: [
            {
              name: 'discovery',
              image: `docker.io/istio/pilot:${istioVersion}`,
              args: [
                'discovery',
                '--monitoringAddr=:15014',
                '--log_output_level=default:info',
                '--domain',
                mesh.clusterDomain,
                '--keepaliveMaxServerConnectionAge',
                '30m',
              ],
              ports: [8080, 15_010, 15_012, 15_017, 15_014].map((containerPort) => ({
                containerPort,
                protocol: 'TCP',
              })),
              readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 3, timeoutSeconds: 5 },
              env: [
                value('REVISION', 'default'),
                value('PILOT_CERT_PROVIDER', 'istiod'),
                fieldRef('POD_NAME', 'metadata.name'),
                fieldRef('POD_NAMESPACE', 'metadata.namespace'),
                fieldRef('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
                value('CLUSTER_ID', cluster.name),
                ...(isExternal ? [value('EXTERNAL_ISTIOD', 'true')] : []),
                value('DEFAULT_WORKLOAD_CERT_TTL', `${mesh.trust.workloadTtlSeconds}s`),
              ],
              volumeMounts: [
                { name: 'config-volume', mountPath: '/etc/istio/config' },
                { name: 'cacerts', mountPath: '/etc/cacerts', readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'config-volume', configMap: { name: 'istio' } },
            { name: 'cacerts', secret: { secretName: 'cacerts', optional: true } },
          ],
        },
      },
    },
  };
}

function istiodRights(): DesiredObject[] {
  const name = `istiod-clusterrole-${systemNamespace}`;
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
