import { injectionLabel } from '../istio/index.ts';
import { type DesiredObject, here, type Part, type PartContext } from '../part.ts';
import { waitForDeployment } from '../predicates.ts';
import { wayToControlPlane } from './gateways.ts';

/** The version of helloworld that a cluster runs: v1 in the first, v2 in the second, and so on by turns. */
export function sampleVersion(index: number): string {
  return index % 2 === 0 ? 'v1' : 'v2';
}

/** Istio's verification sample: one service, a version of it in each cluster, and a client in all. */
export const sample: Part = {
  name: 'sample',
  applies: (mesh) => mesh.sample.enabled,
  needs: (_, cluster) => [{ part: 'control-plane', cluster: cluster.name }, ...wayToControlPlane(cluster)],
  desired: (context) => here(context, objects(context)),
  async ready(context) {
    const { namespace } = context.mesh.sample;
    const version = versionIn(context);
    await Promise.all([`helloworld-${version}`, 'curl'].map((name) => waitForDeployment(context, namespace, name)));
  },
};

const versionIn = ({ mesh, cluster }: PartContext): string =>
  sampleVersion(mesh.clusters.findIndex((one) => one.name === cluster.name));

function objects(context: PartContext): DesiredObject[] {
  const { namespace } = context.mesh.sample;
  const version = versionIn(context);
  const service = (name: string, port: number, targetPort: number): DesiredObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { app: name, service: name } },
    spec: { selector: { app: name }, ports: [{ name: 'http', port, targetPort, protocol: 'TCP' }] },
  });
  const deployment = (name: string, labels: Record<string, string>, spec: Record<string, unknown>): DesiredObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: injectionLabel(context.mesh) } },
    service('helloworld', 5000, 5000),
    deployment(
      `helloworld-${version}`,
      { app: 'helloworld', version },
      {
        containers: [
          {
            name: 'helloworld',
            image: `docker.io/istio/examples-helloworld-${version}:1.0`,
            resources: { requests: { cpu: '100m' } },
            imagePullPolicy: 'IfNotPresent',
            ports: [{ containerPort: 5000, protocol: 'TCP' }],
            // Istio's sample has none, so that its first requests may meet a server that does not listen yet.
            readinessProbe: { httpGet: { path: '/health', port: 5000 }, periodSeconds: 5 },
          },
        ],
      },
    ),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'curl', namespace, labels: { account: 'curl' } } },
    service('curl', 80, 80),
    deployment(
      'curl',
      { app: 'curl' },
      {
        terminationGracePeriodSeconds: 0,
        serviceAccountName: 'curl',
        containers: [
          {
            name: 'curl',
            image: 'docker.io/curlimages/curl:8.16.0',
            command: ['/bin/sleep', 'infinity'],
            imagePullPolicy: 'IfNotPresent',
          },
        ],
      },
    ),
  ];
}
