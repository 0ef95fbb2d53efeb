/** The injection webhook: from an AdmissionReview to the patch that adds the proxy (Istio's rules of who is injected, and how). */
import type { KubeObject, Pod } from '../../../kube/index.ts';
import { gatewayPod } from './gateway.ts';
import { effectiveProxyConfig } from './proxy-config.ts';
import { sidecarPod } from './sidecar.ts';

export interface InjectionSettings {
  revision: string;
  /** Cluster of the injecting istiod; the path may say another. */
  clusterId: string;
  network: string;
  meshId: string;
  trustDomain: string;
  proxyImage: string;
  discoveryAddress: string;
  domain: string;
  /** Kubernetes runs init containers with restartPolicy Always: the proxy starts before and ends after the application. */
  nativeSidecars: boolean;
  /** defaultConfig of the mesh. */
  proxyConfig: Readonly<Record<string, unknown>>;
  /** ProxyConfig objects, the oldest first. */
  proxyConfigs: readonly KubeObject[];
  rootNamespace: string;
}

export interface PathSettings {
  cluster?: string;
  net?: string;
  env: Record<string, string>;
}

/** `/inject/<key>/<value>/...`: cluster and net are known, other keys become environment variables. An odd last key is dropped. */
export function parseInjectPath(path: string): PathSettings {
  const parts = path.split('?')[0]!.split('/').filter(Boolean).slice(1);
  const settings: PathSettings = { env: {} };
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const key = decodeURIComponent(parts[index]!);
    const value = decodeURIComponent(parts[index + 1]!).replaceAll('--slash--', '/');
    if (key === 'cluster') settings.cluster = value;
    else if (key === 'net') settings.net = value;
    else settings.env[key.toUpperCase()] = value;
  }
  return settings;
}

const skippedNamespaces = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);

/** Why a pod is not injected; undefined when it is. */
export function skipReason(pod: Pod, namespace: string): string | undefined {
  if (pod.spec['hostNetwork']) return 'it uses the network of the host';
  if (skippedNamespaces.has(namespace)) return `namespace ${namespace} is never injected`;
  const label = pod.metadata.labels?.['sidecar.istio.io/inject'];
  const annotation = pod.metadata.annotations?.['sidecar.istio.io/inject'];
  const stated = label ?? annotation;
  if (stated !== undefined && !['true', 'yes', 'on', 'y', '1'].includes(stated.toLowerCase()))
    return 'it declines by sidecar.istio.io/inject';
  if (pod.metadata.annotations?.['sidecar.istio.io/status']) return 'it has a proxy already';
  return undefined;
}

/** The answer to a review of a pod. */
export function inject(review: any, path: string, settings: InjectionSettings): any {
  const { request } = review;
  const pod: Pod = { metadata: {}, ...request.object };
  const namespace = request.namespace ?? pod.metadata.namespace ?? 'default';
  const answer = (fields: Record<string, unknown>) => ({
    apiVersion: review.apiVersion,
    kind: 'AdmissionReview',
    response: { uid: request.uid, allowed: true, ...fields },
  });
  if (skipReason(pod, namespace)) return answer({});
  const fromPath = parseInjectPath(path);
  const effective: InjectionSettings = {
    ...settings,
    clusterId: fromPath.cluster ?? settings.clusterId,
    network: pod.metadata.labels?.['topology.istio.io/network'] ?? fromPath.net ?? settings.network,
    proxyConfig: effectiveProxyConfig(settings.proxyConfig, settings.proxyConfigs, {
      rootNamespace: settings.rootNamespace,
      namespace,
      pod,
    }),
  };
  const template = pod.metadata.annotations?.['inject.istio.io/templates'] ?? 'sidecar';
  const injected =
    template === 'gateway'
      ? gatewayPod(pod, namespace, effective, fromPath.env)
      : sidecarPod(pod, namespace, effective, fromPath.env);
  const patch = [
    replace('/metadata', pod.metadata, injected.metadata),
    replace('/spec', pod.spec, injected.spec),
  ].filter((operation) => operation !== undefined);
  return answer({ patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') });
}

function replace(path: string, before: unknown, after: unknown): unknown {
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : { op: 'replace', path, value: after };
}
