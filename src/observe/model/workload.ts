/** Workloads: what owns pods. Found as Istio finds them, from the pod's owner and its template hash, so that no ReplicaSet is watched. */
import type { KubeObject, Pod } from '../../kube/index.ts';

export interface Workload {
  namespace: string;
  name: string;
  kind: string;
  /** Deployment, StatefulSet, DaemonSet or Job; undefined for a bare pod and for owners that are not watched. */
  object?: KubeObject;
  pods: Map<string, Pod>;
}

export interface OwnerOfPods {
  kind: string;
  name: string;
}

/** The workload that a pod belongs to, by the rule of Istio's GetDeployMetaFromPod. */
export function ownerOf(pod: Pod): OwnerOfPods {
  const { metadata } = pod;
  const owner = metadata.ownerReferences?.find((one) => one.controller) ?? metadata.ownerReferences?.[0];
  if (!owner) return { kind: 'Pod', name: metadata.name ?? '' };
  const hash = metadata.labels?.['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && hash && owner.name.endsWith(`-${hash}`))
    return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
  const scheduled = owner.kind === 'Job' ? /^(.+)-\d{8,11}$/.exec(owner.name)?.[1] : undefined;
  if (scheduled) return { kind: 'CronJob', name: scheduled };
  return { kind: owner.kind, name: owner.name };
}

/** Labels of the pods, from the template or from a pod. */
export function labelsOf(workload: Workload): Record<string, string> {
  const template = workload.object?.['spec']?.template?.metadata?.labels;
  const [pod] = workload.pods.values();
  return { ...template, ...pod?.metadata.labels };
}

/** Istio's canonical service; undefined where no label names one. */
export function appOf(labels: Record<string, string>): string | undefined {
  return labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels['app'];
}

export function versionOf(labels: Record<string, string>): string | undefined {
  const version =
    labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels['version'];
  return version === 'latest' ? undefined : version;
}

export function proxyContainerOf(pod: KubeObject): any {
  const { spec } = pod as { spec?: any };
  const isProxy = (one: any): boolean => one.name === 'istio-proxy';
  return spec?.containers?.find(isProxy) ?? spec?.initContainers?.find(isProxy);
}

export const hasProxy = (workload: Workload): boolean => {
  for (const pod of workload.pods.values()) if (proxyContainerOf(pod)) return true;
  return false;
};

export function isGateway(workload: Workload): boolean {
  const labels = labelsOf(workload);
  if (labels['istio.io/gateway-name'] || labels['gateway.networking.k8s.io/gateway-name']) return true;
  for (const pod of workload.pods.values()) {
    const proxy = proxyContainerOf(pod);
    if (proxy?.args?.[0] === 'proxy' && proxy.args[1] === 'router') return true;
    if (pod.metadata.annotations?.['inject.istio.io/templates'] === 'gateway') return true;
  }
  const template = workload.object?.['spec']?.template?.metadata?.annotations;
  return template?.['inject.istio.io/templates'] === 'gateway';
}

export function isReady(pod: KubeObject): boolean {
  return (pod['status']?.conditions ?? []).some((one: any) => one.type === 'Ready' && one.status === 'True');
}

/** Value of an environment variable that is given as such. */
export function envOf(container: any, name: string): string | undefined {
  return container?.env?.find((one: any) => one.name === name)?.value;
}

/** By its label, as istioctl finds it; a Deployment of this name without an istiod in it is none. */
export function isIstiod(deployment: KubeObject): boolean {
  const containers = deployment['spec']?.template?.spec?.containers ?? [];
  return (
    deployment.metadata.labels?.['app'] === 'istiod' &&
    containers.some((one: any) => one.name === 'discovery' || envOf(one, 'CLUSTER_ID'))
  );
}
