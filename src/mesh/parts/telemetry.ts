import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { type DesiredObject, here, type Part, type PartContext, systemNamespace } from '../part.ts';
import { waitForAddress, waitForDeployment } from '../predicates.ts';

const name = 'prometheus';
const labels = { app: name };
const port = 9090;

/** The Service of each Prometheus. A remote's has an address on the shared network, by which the primary's takes its series. */
export const prometheusAddresses: Part = {
  name: 'prometheus-addresses',
  applies: (mesh) => mesh.telemetry.enabled,
  needs: (_, cluster) => [
    { part: 'namespaces', cluster: cluster.name },
    ...(cluster.loadBalancerRange ? [{ part: 'load-balancer', cluster: cluster.name }] : []),
    // The gateway is to have the first address of the pool, whoever is faster.
    { part: 'gateway-addresses', cluster: cluster.name },
  ],
  desired: (context) =>
    here(context, [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: systemNamespace, labels },
        spec: {
          type: isFederated(context) ? 'LoadBalancer' : 'ClusterIP',
          selector: labels,
          ports: [{ name: 'http', port, targetPort: port, protocol: 'TCP' }],
        },
      },
    ]),
  async ready(context) {
    if (isFederated(context)) await waitForAddress(context, context.cluster.name, systemNamespace, name);
  },
};

const isFederated = ({ mesh, cluster }: PartContext): boolean => mesh.telemetry.federation && cluster.role === 'remote';

const remotesFor = ({ mesh, cluster }: PartContext): string[] =>
  mesh.telemetry.federation && cluster.role === 'primary'
    ? mesh.clusters.filter((one) => one.role === 'remote' && one.primary === cluster.name).map((one) => one.name)
    : [];

/** Prometheus in each cluster; the primary's federates those of its remotes. */
export const telemetry: Part = {
  name: 'telemetry',
  applies: (mesh) => mesh.telemetry.enabled,
  needs: (mesh, cluster) => [
    { part: 'prometheus-addresses', cluster: cluster.name },
    ...mesh.clusters
      .filter((one) => cluster.role === 'primary' && one.role === 'remote' && one.primary === cluster.name)
      .map((one) => ({ part: 'prometheus-addresses', cluster: one.name })),
  ],
  async desired(context) {
    const remotes = await Promise.all(
      remotesFor(context).map(async (remote) => ({
        remote,
        address: await waitForAddress(context, remote, systemNamespace, name),
      })),
    );
    const config = stringify(prometheusConfig(context, remotes));
    return here(context, [
      ...rights(),
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name,
          namespace: systemNamespace,
          labels,
          // Who looks at the cluster is to miss what somebody takes out.
          annotations: { 'isthmus.dev/federates': remotes.map((one) => one.remote).join(',') },
        },
        data: { 'prometheus.yml': config },
      },
      deployment(createHash('sha256').update(config).digest('hex').slice(0, 16)),
    ]);
  },
  ready: async (context) => void (await waitForDeployment(context, systemNamespace, name)),
};

/** Labels of Istio's metrics that are `unknown`, never absent, when their value is not known. */
const neverAbsent = [
  'source_principal',
  'destination_principal',
  'destination_service',
  'destination_service_name',
  'destination_service_namespace',
];

export function prometheusConfig(
  { mesh, cluster }: Pick<PartContext, 'mesh' | 'cluster'>,
  remotes: { remote: string; address: string }[],
): unknown {
  const annotation = (key: string) => `__meta_kubernetes_pod_annotation_prometheus_io_${key}`;
  const seconds = mesh.telemetry.scrapeIntervalSeconds;
  return {
    global: {
      scrape_interval: `${seconds}s`,
      scrape_timeout: `${seconds}s`,
      evaluation_interval: '15s',
      external_labels: { cluster: cluster.name },
    },
    scrape_configs: [
      {
        job_name: 'kubernetes-pods',
        kubernetes_sd_configs: [{ role: 'pod' }],
        relabel_configs: [
          { source_labels: [annotation('scrape')], action: 'keep', regex: 'true' },
          {
            source_labels: ['__meta_kubernetes_pod_phase'],
            action: 'drop',
            regex: 'Pending|Succeeded|Failed|Completed',
          },
          { source_labels: [annotation('path')], action: 'replace', target_label: '__metrics_path__', regex: '(.+)' },
          {
            source_labels: ['__meta_kubernetes_pod_ip', annotation('port')],
            action: 'replace',
            regex: '([^;]+);(\\d+)',
            replacement: '$1:$2',
            target_label: '__address__',
          },
          { source_labels: ['__meta_kubernetes_namespace'], action: 'replace', target_label: 'namespace' },
          { source_labels: ['__meta_kubernetes_pod_name'], action: 'replace', target_label: 'pod' },
          { source_labels: ['__meta_kubernetes_pod_label_app'], action: 'replace', target_label: 'app' },
          { target_label: 'cluster', replacement: cluster.name },
        ],
        metric_relabel_configs: [
          // Upstream Envoy puts its own prefix before Istio's names.
          { source_labels: ['__name__'], regex: 'envoy_(istio_.*)', target_label: '__name__', replacement: '$1' },
          ...neverAbsent.map((label) => ({
            source_labels: ['__name__', label],
            regex: 'istio_[^;]*;',
            target_label: label,
            replacement: 'unknown',
          })),
        ],
      },
      ...remotes.map(({ remote, address }) => ({
        job_name: `federate-${remote}`,
        honor_labels: true,
        // With the origin's times what is not counted any more would be shown for five minutes: such series get no staleness markers.
        honor_timestamps: false,
        metrics_path: '/federate',
        params: { 'match[]': ['{__name__=~"istio_.*"}', '{__name__=~"pilot_.*"}', 'up{job="kubernetes-pods"}'] },
        static_configs: [{ targets: [`${address}:${port}`] }],
      })),
    ],
  };
}

function rights(): DesiredObject[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  const role = `${name}-${systemNamespace}`;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: systemNamespace, labels } },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRole',
      metadata: { name: role, labels },
      rules: [
        {
          apiGroups: [''],
          resources: ['nodes', 'nodes/proxy', 'nodes/metrics', 'services', 'endpoints', 'pods', 'configmaps'],
          verbs: ['get', 'list', 'watch'],
        },
        { nonResourceURLs: ['/metrics'], verbs: ['get'] },
      ],
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: role, labels },
      roleRef: { apiGroup, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name, namespace: systemNamespace }],
    },
  ];
}

function deployment(configHash: string): DesiredObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: systemNamespace, labels },
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: labels },
      template: {
        // Another configuration is another pod, where nothing reloads the file.
        metadata: {
          labels: { ...labels, 'sidecar.istio.io/inject': 'false' },
          annotations: { 'isthmus.dev/config-hash': configHash },
        },
        spec: {
          serviceAccountName: name,
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name: 'prometheus-server',
              image: 'docker.io/prom/prometheus:v2.42.0',
              args: [
                '--config.file=/etc/prometheus/prometheus.yml',
                '--storage.tsdb.path=/data',
                '--storage.tsdb.retention.time=6h',
                `--web.listen-address=0.0.0.0:${port}`,
                '--log.level=warn',
              ],
              ports: [{ containerPort: port, protocol: 'TCP' }],
              readinessProbe: { httpGet: { path: '/-/ready', port }, periodSeconds: 5, timeoutSeconds: 4 },
              volumeMounts: [
                { name: 'config', mountPath: '/etc/prometheus' },
                { name: 'data', mountPath: '/data' },
              ],
            },
          ],
          volumes: [
            { name: 'config', configMap: { name } },
            { name: 'data', emptyDir: {} },
          ],
        },
      },
    },
  };
}
