/** The two ConfigMaps that istiod mounts. */
import { stringify } from 'yaml';
import { injectorName, istiodName, meshConfigName, revisionOf } from '../istio/index.ts';
import { type DesiredObject, istioHub, istioVersion, type PartContext, systemNamespace } from '../part.ts';

type Context = Pick<PartContext, 'mesh' | 'cluster'>;

/** ConfigMap istio: the settings of the mesh that istiod and, by it, every proxy reads. */
export function meshConfig({ mesh }: Context): DesiredObject {
  const config = {
    accessLogFile: mesh.controlPlane.accessLog ? '/dev/stdout' : '',
    defaultConfig: {
      discoveryAddress: `${istiodName(mesh)}.${systemNamespace}.svc:15012`,
      meshId: mesh.meshID,
      // The agent of each proxy asks for certificates of this life; what istiod has as its default is for those that do not ask.
      proxyMetadata: { SECRET_TTL: `${mesh.trust.workloadTtlSeconds}s` },
    },
    defaultProviders: { metrics: ['prometheus'] },
    enablePrometheusMerge: true,
    rootNamespace: systemNamespace,
    trustDomain: mesh.trustDomain,
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: meshConfigName(mesh),
      namespace: systemNamespace,
      labels: { 'istio.io/rev': revisionOf(mesh) ?? 'default' },
    },
    data: { mesh: stringify(config), meshNetworks: 'networks: {}\n' },
  };
}

/** ConfigMap istio-sidecar-injector: who is injected, and the values of the installation that injected proxies are given. */
export function injectorConfig({ mesh, cluster }: Context, isExternal: boolean): DesiredObject {
  const values = {
    global: {
      caAddress: '',
      externalIstiod: isExternal,
      hub: istioHub,
      imagePullPolicy: '',
      istioNamespace: systemNamespace,
      meshID: mesh.meshID,
      multiCluster: { clusterName: cluster.name },
      network: cluster.network,
      pilotCertProvider: 'istiod',
      proxy: { clusterDomain: mesh.clusterDomain, image: 'proxyv2', logLevel: 'warning' },
      sts: { servicePort: 0 },
      tag: istioVersion,
    },
    revision: revisionOf(mesh) ?? '',
    sidecarInjectorWebhook: { enableNamespacesByDefault: false, rewriteAppHTTPProbe: true },
  };
  const config = {
    policy: 'enabled',
    alwaysInjectSelector: [],
    neverInjectSelector: [],
    defaultTemplates: ['sidecar'],
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: injectorName(mesh),
      namespace: systemNamespace,
      labels: { 'istio.io/rev': revisionOf(mesh) ?? 'default' },
    },
    data: { config: stringify(config), values: JSON.stringify(values, null, 2) },
  };
}
