/** What a kind's strategy gives to a new object by itself (PrepareForCreate): nobody wrote it, so nobody owns it. */
import type { KubeObject } from '../../../kube/index.ts';

/** Changes the object, which has its defaults already. */
export function prepareForCreate(object: KubeObject): void {
  const group = object.apiVersion?.includes('/') ? object.apiVersion.split('/')[0] : '';
  strategies[`${group}/${object.kind}`]?.(object);
}

const withStatus = (status: object) => (object: any) => {
  object.status ??= structuredClone(status);
};

const strategies: Record<string, (object: any) => void> = {
  '/Pod': (object) => {
    object.status ??= {};
    object.status.phase ??= 'Pending';
    object.status.qosClass ??= qosClass(object.spec);
  },
  '/Namespace': (object) => {
    object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
    object.spec = { ...object.spec, finalizers: object.spec?.finalizers ?? ['kubernetes'] };
    object.status = { phase: 'Active' };
  },
  '/PersistentVolume': withStatus({ phase: 'Pending' }),
  '/Service': withStatus({ loadBalancer: {} }),
  'networking.k8s.io/Ingress': withStatus({ loadBalancer: {} }),
  'apps/Deployment': withStatus({}),
  '/ReplicationController': withStatus({ replicas: 0 }),
  'apps/ReplicaSet': withStatus({ replicas: 0 }),
  'apps/StatefulSet': (object) => {
    object.spec.serviceName ??= '';
    object.status ??= { replicas: 0, availableReplicas: 0 };
  },
  'autoscaling/HorizontalPodAutoscaler': (object) => {
    const state = object.apiVersion === 'autoscaling/v1' ? { currentReplicas: 0 } : { currentMetrics: null };
    object.status ??= { desiredReplicas: 0, ...state };
  },
  'apps/DaemonSet': (object) => {
    object.status ??= { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
    object.metadata.annotations = {
      ...object.metadata.annotations,
      'deprecated.daemonset.template.generation': '1',
    };
  },
  'apiextensions.k8s.io/CustomResourceDefinition': (object) => {
    const stored = object.spec.versions.filter((one: any) => one.storage).map((one: any) => one.name);
    object.status = { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: stored };
  },
  'batch/Job': withStatus({}),
  'batch/CronJob': withStatus({}),
  'policy/PodDisruptionBudget': withStatus({
    disruptionsAllowed: 0,
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
  }),
};

/** How the kubelet ranks a pod when memory is short, by what its containers request and may use. */
function qosClass(spec: any): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers: any[] = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const stated = containers.some(({ resources }) =>
    [resources?.limits, resources?.requests].some((list) => list?.cpu !== undefined || list?.memory !== undefined),
  );
  if (!stated) return 'BestEffort';
  const isGuaranteed = containers.every(({ resources }) =>
    ['cpu', 'memory'].every(
      (name) =>
        resources?.limits?.[name] !== undefined &&
        (resources.requests?.[name] ?? resources.limits[name]) === resources.limits[name],
    ),
  );
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}
