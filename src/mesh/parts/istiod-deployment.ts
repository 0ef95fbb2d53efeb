import type { Mesh } from '../../spec/index.ts';
import { injectorName, istiodName, meshConfigName, revisionOf } from '../istio/index.ts';
import { type DesiredObject, istioHub, istioVersion, type PartContext, systemNamespace } from '../part.ts';

export const istiodLabels = { app: 'istiod', istio: 'pilot' };

/** By which the Service of a revision finds its pods and no other's: as in Istio's chart, only the default one has the label istio. */
export const istiodSelector = (mesh: Mesh): Record<string, string> => {
  const revision = revisionOf(mesh);
  return revision === undefined ? istiodLabels : { app: 'istiod', 'istio.io/rev': revision };
};

/** @param isExternal it is the control plane of other clusters too. */
export function istiodDeployment(
  { cluster, mesh }: Pick<PartContext, 'mesh' | 'cluster'>,
  isExternal: boolean,
): DesiredObject {
  const fieldRef = (name: string, fieldPath: string) => ({
    name,
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
  });
  const value = (name: string, text: string) => ({ name, value: text });
  const revision = revisionOf(mesh) ?? 'default';
  const selector = istiodSelector(mesh);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: istiodName(mesh),
      namespace: systemNamespace,
      labels: { ...selector, 'istio.io/rev': revision },
    },
    spec: {
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '100%', maxUnavailable: '25%' } },
      selector: { matchLabels: selector },
      template: {
        metadata: {
          labels: { ...selector, 'istio.io/rev': revision, 'sidecar.istio.io/inject': 'false' },
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
              image: `${istioHub}/pilot:${istioVersion}`,
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
                value('REVISION', revision),
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
                { name: 'inject', mountPath: '/var/lib/istio/inject', readOnly: true },
                { name: 'cacerts', mountPath: '/etc/cacerts', readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'config-volume', configMap: { name: meshConfigName(mesh) } },
            { name: 'inject', configMap: { name: injectorName(mesh) } },
            { name: 'cacerts', secret: { secretName: 'cacerts', optional: true } },
          ],
        },
      },
    },
  };
}
