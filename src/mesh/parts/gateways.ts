import { hasGateway, type MeshCluster } from '../../spec/index.ts';
import { revisionLabel } from '../istio/index.ts';
import { type DesiredObject, here, type Part, type PartPlace, systemNamespace } from '../part.ts';
import { waitForDeployment } from '../predicates.ts';
import { gatewayLabels, gatewayName } from './gateway-addresses.ts';

/** A remote's pods are injected through the primary's gateway. */
export function wayToControlPlane(cluster: MeshCluster): PartPlace[] {
  return cluster.role === 'remote' ? ['gateways', 'exposure'].map((part) => ({ part, cluster: cluster.primary })) : [];
}

/** The east-west gateway: the only way in from other networks, and to a control plane. Its pod is injected, so the webhook must work before. */
export const gateways: Part = {
  name: 'gateways',
  applies: hasGateway,
  needs: (_, cluster) => [
    ...['control-plane', 'gateway-addresses'].map((part) => ({ part, cluster: cluster.name })),
    ...wayToControlPlane(cluster),
  ],
  desired: (context) => {
    const { network } = context.cluster;
    const labels = gatewayLabels(network);
    const deployment: DesiredObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: gatewayName, namespace: systemNamespace, labels },
      spec: {
        replicas: context.mesh.gateways.eastWest.replicas,
        selector: { matchLabels: { app: gatewayName, istio: 'eastwestgateway' } },
        template: {
          metadata: {
            labels: { ...labels, ...revisionLabel(context.mesh), 'sidecar.istio.io/inject': 'true' },
            annotations: { 'inject.istio.io/templates': 'gateway' },
          },
          spec: {
            serviceAccountName: account,
            containers: [
              {
                name: 'istio-proxy',
                image: 'auto',
                env: [{ name: 'ISTIO_META_REQUESTED_NETWORK_VIEW', value: network }],
                ports: [15_021, 15_443, 15_012, 15_017].map((containerPort) => ({ containerPort, protocol: 'TCP' })),
              },
            ],
          },
        },
      },
    };
    return [
      ...here(context, accountObjects(labels)),
      // Somebody else's serves when its Service does, which leads to it.
      { cluster: context.cluster.name, object: deployment, fits: () => undefined },
    ];
  },
  ready: async (context) => void (await waitForDeployment(context, systemNamespace, gatewayName)),
};

const account = `${gatewayName}-service-account`;

/** The gateway's account, which may read the certificates that Gateways name. */
function accountObjects(labels: Record<string, string>): DesiredObject[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const name = `${gatewayName}-sds`;
  const metadata = { name, namespace: systemNamespace, labels };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata, name: account } },
    {
      apiVersion,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'watch', 'list'] }],
    },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: systemNamespace }],
    },
  ];
}
