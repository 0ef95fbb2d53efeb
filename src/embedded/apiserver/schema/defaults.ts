/** Kubernetes' defaulting of built-in kinds (the SetDefaults functions of its API packages), in place on a fresh object. */
import type { KubeObject } from '../../../kube/index.ts';

/** Fills in what is left out. The object is changed and returned. */
export function defaultBuiltin(object: KubeObject): KubeObject {
  const key = `${object.apiVersion?.includes('/') ? object.apiVersion.split('/')[0] : ''}/${object.kind}`;
  defaulters[key]?.(object);
  return object;
}

/** Sets a field that is not there. */
function put(target: any, field: string, value: unknown): void {
  if (target[field] === undefined || target[field] === null) target[field] = value;
}

const defaulters: Record<string, (object: any) => void> = {
  '/Pod': (object) => {
    defaultPodSpec((object.spec ??= {}));
    if (object.spec.hostNetwork)
      for (const container of [...(object.spec.initContainers ?? []), ...(object.spec.containers ?? [])])
        for (const port of container.ports ?? []) put(port, 'hostPort', port.containerPort);
    // What is limited and not requested is requested up to its limit.
    for (const { resources } of [...(object.spec.initContainers ?? []), ...(object.spec.containers ?? [])])
      if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
    put(object.spec, 'enableServiceLinks', true);
  },
  '/PodTemplate': (object) => defaultTemplate(object.template),
  '/Service': defaultService,
  '/Secret': defaultSecret,
  '/Namespace': (object) => put((object.metadata.labels ??= {}), 'kubernetes.io/metadata.name', object.metadata.name),
  '/Node': (object) => put((object.spec ??= {}), 'podCIDRs', object.spec?.podCIDR ? [object.spec.podCIDR] : undefined),
  '/ReplicationController': (object) => {
    put((object.spec ??= {}), 'replicas', 1);
    const labels = object.spec.template?.metadata?.labels;
    if (labels) {
      put(object.spec, 'selector', labels);
      put(object.metadata, 'labels', labels);
    }
    defaultTemplate(object.spec.template);
  },
  '/Endpoints': (object) => {
    for (const subset of object.subsets ?? []) for (const port of subset.ports ?? []) put(port, 'protocol', 'TCP');
  },
  'discovery.k8s.io/EndpointSlice': (object) => {
    for (const endpoint of object.endpoints ?? []) put(endpoint, 'conditions', {});
    for (const port of object.ports ?? []) {
      put(port, 'name', '');
      put(port, 'protocol', 'TCP');
    }
  },
  'apps/Deployment': (object) => {
    const spec = (object.spec ??= {});
    put(spec, 'replicas', 1);
    put(spec, 'revisionHistoryLimit', 10);
    put(spec, 'progressDeadlineSeconds', 600);
    put((spec.strategy ??= {}), 'type', 'RollingUpdate');
    if (spec.strategy.type === 'RollingUpdate') {
      put((spec.strategy.rollingUpdate ??= {}), 'maxUnavailable', '25%');
      put(spec.strategy.rollingUpdate, 'maxSurge', '25%');
    }
    defaultTemplate(spec.template);
  },
  'apps/ReplicaSet': (object) => {
    put((object.spec ??= {}), 'replicas', 1);
    defaultTemplate(object.spec.template);
  },
  'apps/StatefulSet': (object) => {
    const spec = (object.spec ??= {});
    put(spec, 'replicas', 1);
    put(spec, 'revisionHistoryLimit', 10);
    put(spec, 'podManagementPolicy', 'OrderedReady');
    // A strategy that is named without its settings has none.
    if (!spec.updateStrategy?.type) {
      spec.updateStrategy = { rollingUpdate: {}, ...spec.updateStrategy, type: 'RollingUpdate' };
    }
    if (spec.updateStrategy.rollingUpdate) put(spec.updateStrategy.rollingUpdate, 'partition', 0);
    put((spec.persistentVolumeClaimRetentionPolicy ??= {}), 'whenDeleted', 'Retain');
    put(spec.persistentVolumeClaimRetentionPolicy, 'whenScaled', 'Retain');
    defaultTemplate(spec.template);
    for (const claim of spec.volumeClaimTemplates ?? []) {
      put(claim, 'apiVersion', 'v1');
      put(claim, 'kind', 'PersistentVolumeClaim');
      defaultClaim(claim);
    }
  },
  'apps/DaemonSet': (object) => {
    const spec = (object.spec ??= {});
    put(spec, 'revisionHistoryLimit', 10);
    put((spec.updateStrategy ??= {}), 'type', 'RollingUpdate');
    if (spec.updateStrategy.type === 'RollingUpdate') {
      put((spec.updateStrategy.rollingUpdate ??= {}), 'maxUnavailable', 1);
      put(spec.updateStrategy.rollingUpdate, 'maxSurge', 0);
    }
    defaultTemplate(spec.template);
  },
  'batch/Job': (object) => defaultJobSpec((object.spec ??= {})),
  'batch/CronJob': (object) => {
    const spec = (object.spec ??= {});
    put(spec, 'concurrencyPolicy', 'Allow');
    put(spec, 'suspend', false);
    put(spec, 'successfulJobsHistoryLimit', 3);
    put(spec, 'failedJobsHistoryLimit', 1);
    if (spec.jobTemplate?.spec) defaultTemplate(spec.jobTemplate.spec.template);
  },
  '/PersistentVolumeClaim': defaultClaim,
  '/PersistentVolume': (object) => {
    put((object.spec ??= {}), 'persistentVolumeReclaimPolicy', 'Retain');
    put(object.spec, 'volumeMode', 'Filesystem');
    if (object.spec.hostPath) put(object.spec.hostPath, 'type', '');
  },
  '/LimitRange': (object) => {
    for (const limit of object.spec?.limits ?? [])
      if (limit.type === 'Container' && limit.default)
        limit.defaultRequest = { ...limit.default, ...limit.defaultRequest };
  },
  'storage.k8s.io/StorageClass': (object) => {
    put(object, 'reclaimPolicy', 'Delete');
    put(object, 'volumeBindingMode', 'Immediate');
  },
  'autoscaling/HorizontalPodAutoscaler': (object) => {
    put((object.spec ??= {}), 'minReplicas', 1);
    if (object.apiVersion === 'autoscaling/v2' && !object.spec.metrics?.length)
      object.spec.metrics = [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ];
  },
  'rbac.authorization.k8s.io/RoleBinding': defaultBinding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': defaultBinding,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': (object) => {
    for (const webhook of object.webhooks ?? []) {
      defaultWebhook(webhook);
      put(webhook, 'reinvocationPolicy', 'Never');
    }
  },
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': (object) => {
    for (const webhook of object.webhooks ?? []) defaultWebhook(webhook);
  },
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': (object) => {
    put((object.spec ??= {}), 'failurePolicy', 'Fail');
    put((object.spec.matchConstraints ??= {}), 'matchPolicy', 'Equivalent');
    put(object.spec.matchConstraints, 'namespaceSelector', {});
    put(object.spec.matchConstraints, 'objectSelector', {});
    for (const rule of object.spec.matchConstraints.resourceRules ?? []) put(rule, 'scope', '*');
  },
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': (object) => {
    const { matchResources, paramRef } = object.spec ?? {};
    if (matchResources) put(matchResources, 'matchPolicy', 'Equivalent');
    if (paramRef) put(paramRef, 'parameterNotFoundAction', 'Deny');
  },
  'apiextensions.k8s.io/CustomResourceDefinition': (object) => {
    const { names } = object.spec;
    put(names, 'singular', names.kind.toLowerCase());
    put(names, 'listKind', `${names.kind}List`);
    put((object.spec.conversion ??= {}), 'strategy', 'None');
  },
  'networking.k8s.io/NetworkPolicy': (object) => {
    for (const rule of [...(object.spec?.ingress ?? []), ...(object.spec?.egress ?? [])])
      for (const port of rule.ports ?? []) put(port, 'protocol', 'TCP');
    put((object.spec ??= {}), 'podSelector', {});
    const types = ['Ingress', ...(object.spec?.egress ? ['Egress'] : [])];
    put((object.spec ??= {}), 'policyTypes', types);
  },
};

function defaultClaim(claim: any): void {
  put((claim.spec ??= {}), 'volumeMode', 'Filesystem');
  put((claim.status ??= {}), 'phase', 'Pending');
}

function defaultTemplate(template: any): void {
  if (template) defaultPodSpec((template.spec ??= {}));
}

function defaultPodSpec(spec: any): void {
  put(spec, 'restartPolicy', 'Always');
  put(spec, 'dnsPolicy', 'ClusterFirst');
  put(spec, 'schedulerName', 'default-scheduler');
  put(spec, 'terminationGracePeriodSeconds', 30);
  put(spec, 'securityContext', {});
  if (spec.serviceAccountName === undefined && spec.serviceAccount !== undefined)
    spec.serviceAccountName = spec.serviceAccount;
  if (spec.serviceAccountName) put(spec, 'serviceAccount', spec.serviceAccountName);
  for (const container of [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ])
    defaultContainer(container);
  for (const volume of spec.volumes ?? []) {
    defaultVolume(volume);
    if (volume.ephemeral?.volumeClaimTemplate)
      put((volume.ephemeral.volumeClaimTemplate.spec ??= {}), 'volumeMode', 'Filesystem');
  }
}

function defaultContainer(container: any): void {
  put(container, 'terminationMessagePath', '/dev/termination-log');
  put(container, 'terminationMessagePolicy', 'File');
  put(container, 'resources', {});
  put(container, 'imagePullPolicy', imageIsLatest(container.image ?? '') ? 'Always' : 'IfNotPresent');
  for (const port of container.ports ?? []) {
    put(port, 'protocol', 'TCP');
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (!probe) continue;
    put(probe, 'timeoutSeconds', 1);
    put(probe, 'periodSeconds', 10);
    put(probe, 'successThreshold', 1);
    put(probe, 'failureThreshold', 3);
    defaultHandler(probe);
  }
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop]) if (hook) defaultHandler(hook);
  for (const variable of container.env ?? [])
    if (variable.valueFrom?.fieldRef) put(variable.valueFrom.fieldRef, 'apiVersion', 'v1');
}

function defaultHandler(handler: any): void {
  if (handler.httpGet) {
    put(handler.httpGet, 'path', '/');
    put(handler.httpGet, 'scheme', 'HTTP');
  }
  if (handler.grpc) put(handler.grpc, 'service', '');
}

function imageIsLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1];
  return tag === undefined || tag === 'latest';
}

function defaultVolume(volume: any): void {
  const sources = Object.keys(volume).filter((name) => name !== 'name');
  if (sources.length === 0) volume.emptyDir = {};
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected])
    if (source) put(source, 'defaultMode', 0o644);
  if (volume.hostPath) put(volume.hostPath, 'type', '');
  const items = [...(volume.downwardAPI?.items ?? [])];
  for (const source of volume.projected?.sources ?? []) {
    if (source.serviceAccountToken) put(source.serviceAccountToken, 'expirationSeconds', 3600);
    items.push(...(source.downwardAPI?.items ?? []));
  }
  for (const item of items) if (item.fieldRef) put(item.fieldRef, 'apiVersion', 'v1');
}

function defaultService(object: any): void {
  const spec = (object.spec ??= {});
  put(spec, 'sessionAffinity', 'None');
  put(spec, 'type', 'ClusterIP');
  for (const port of spec.ports ?? []) {
    put(port, 'protocol', 'TCP');
    if (spec.type !== 'ExternalName') put(port, 'targetPort', port.port);
  }
  if (spec.type !== 'ExternalName') {
    put(spec, 'internalTrafficPolicy', 'Cluster');
  }
  if (spec.sessionAffinity === 'ClientIP')
    put(((spec.sessionAffinityConfig ??= {}).clientIP ??= {}), 'timeoutSeconds', 10_800);
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.type === 'LoadBalancer') put(spec, 'allocateLoadBalancerNodePorts', true);
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') put(spec, 'externalTrafficPolicy', 'Cluster');
}

function defaultSecret(object: any): void {
  put(object, 'type', 'Opaque');
  if (!object.stringData) return;
  object.data ??= {};
  for (const [name, value] of Object.entries(object.stringData))
    object.data[name] = Buffer.from(String(value)).toString('base64');
  delete object.stringData;
}

function defaultJobSpec(spec: any): void {
  put(spec, 'completions', spec.parallelism === undefined ? 1 : undefined);
  put(spec, 'parallelism', 1);
  put(spec, 'backoffLimit', 6);
  put(spec, 'completionMode', 'NonIndexed');
  put(spec, 'suspend', false);
  put(spec, 'manualSelector', false);
  put(spec, 'podReplacementPolicy', 'TerminatingOrFailed');
  defaultTemplate(spec.template);
}

function defaultBinding(object: any): void {
  for (const subject of object.subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') put(subject, 'apiGroup', 'rbac.authorization.k8s.io');
  put((object.roleRef ??= {}), 'apiGroup', 'rbac.authorization.k8s.io');
}

function defaultWebhook(webhook: any): void {
  put(webhook, 'failurePolicy', 'Fail');
  put(webhook, 'matchPolicy', 'Equivalent');
  put(webhook, 'timeoutSeconds', 10);
  put(webhook, 'namespaceSelector', {});
  put(webhook, 'objectSelector', {});
  if (webhook.clientConfig?.service) put(webhook.clientConfig.service, 'port', 443);
  for (const rule of webhook.rules ?? []) put(rule, 'scope', '*');
}
