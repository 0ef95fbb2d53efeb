/** The gateway template: the pod's own container istio-proxy, with image auto, becomes the proxy. */
import type { Pod } from '../../../kube/index.ts';
import {
  containerName,
  injectedAnnotations,
  injectedLabels,
  proxyEnvironment,
  proxyMounts,
  readyProbe,
  withVolumes,
} from './common.ts';
import type { InjectionSettings } from './index.ts';

export function gatewayPod(
  pod: Pod,
  namespace: string,
  settings: InjectionSettings,
  extra: Record<string, string>,
): Pod {
  const own = (pod.spec['containers'] ?? []).find((one: any) => one.name === containerName) ?? { name: containerName };
  const stated = new Set((own.env ?? []).map((one: any) => one.name));
  const proxy = {
    ...own,
    image: !own.image || own.image === 'auto' ? settings.proxyImage : own.image,
    args: [
      'proxy',
      'router',
      '--domain',
      `$(POD_NAMESPACE).svc.${settings.domain}`,
      '--proxyLogLevel=warning',
      '--proxyComponentLogLevel=misc:error',
      '--log_output_level=default:info',
    ],
    ports: [...(own.ports ?? []), { containerPort: 15_090, protocol: 'TCP', name: 'http-envoy-prom' }],
    env: [
      ...proxyEnvironment(pod, namespace, settings, extra).filter((one) => !stated.has(one.name)),
      ...(own.env ?? []),
    ],
    readinessProbe: own.readinessProbe ?? {
      ...readyProbe,
      initialDelaySeconds: 0,
      periodSeconds: 15,
      timeoutSeconds: 3,
      failureThreshold: 4,
    },
    startupProbe: own.startupProbe ?? {
      ...readyProbe,
      initialDelaySeconds: 0,
      periodSeconds: 1,
      timeoutSeconds: 3,
      failureThreshold: 30,
    },
    securityContext: own.securityContext ?? {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: 1337,
      runAsNonRoot: true,
      runAsUser: 1337,
    },
    volumeMounts: [...proxyMounts, ...(own.volumeMounts ?? [])],
  };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      // A gateway ends no mutual TLS for its own Service: nothing says that it does.
      labels: injectedLabels(pod, settings, false),
      annotations: injectedAnnotations(pod, settings, [containerName], []),
    },
    spec: {
      ...pod.spec,
      containers: [proxy, ...(pod.spec['containers'] ?? []).filter((one: any) => one.name !== containerName)],
      volumes: withVolumes(pod.spec),
    },
  };
}
