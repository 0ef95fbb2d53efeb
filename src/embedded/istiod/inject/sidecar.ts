/** The sidecar template. */
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

export function sidecarPod(
  pod: Pod,
  namespace: string,
  settings: InjectionSettings,
  extra: Record<string, string>,
): Pod {
  const native = nativeFor(pod, settings);
  const { spec, probers } = withRewrittenProbes(pod.spec);
  const env = proxyEnvironment(pod, namespace, settings, extra);
  if (Object.keys(probers).length > 0) env.push({ name: 'ISTIO_KUBE_APP_PROBERS', value: JSON.stringify(probers) });
  const proxy = {
    name: containerName,
    image: pod.metadata.annotations?.['sidecar.istio.io/proxyImage'] ?? settings.proxyImage,
    args: [
      'proxy',
      'sidecar',
      '--domain',
      `$(POD_NAMESPACE).svc.${settings.domain}`,
      '--proxyLogLevel=warning',
      '--proxyComponentLogLevel=misc:error',
      '--log_output_level=default:info',
    ],
    ports: [{ containerPort: 15_090, protocol: 'TCP', name: 'http-envoy-prom' }],
    env,
    readinessProbe: {
      ...readyProbe,
      initialDelaySeconds: 0,
      periodSeconds: 15,
      timeoutSeconds: 3,
      failureThreshold: 4,
    },
    startupProbe: { ...readyProbe, initialDelaySeconds: 0, periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 600 },
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '1Gi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: 1337,
      runAsNonRoot: true,
      runAsUser: 1337,
    },
    volumeMounts: proxyMounts,
    ...(native ? { restartPolicy: 'Always' } : {}),
  };
  const init = initContainer(pod, settings);
  const initContainers = [init, ...(native ? [proxy] : []), ...(spec['initContainers'] ?? [])];
  const first = spec['containers']?.[0]?.name;
  const annotations = injectedAnnotations(
    pod,
    settings,
    native ? [] : [containerName],
    native ? [init.name, containerName] : [init.name],
  );
  if (first) {
    annotations['kubectl.kubernetes.io/default-container'] ??= first;
    annotations['kubectl.kubernetes.io/default-logs-container'] ??= first;
  }
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: injectedLabels(pod, settings, true), annotations },
    spec: {
      ...spec,
      initContainers,
      containers: native ? spec['containers'] : [proxy, ...(spec['containers'] ?? [])],
      volumes: withVolumes(spec),
    },
  };
}

function nativeFor(pod: Pod, settings: InjectionSettings): boolean {
  const stated = pod.metadata.annotations?.['sidecar.istio.io/nativeSidecar'];
  return stated === undefined ? settings.nativeSidecars : stated === 'true';
}

function initContainer(pod: Pod, settings: InjectionSettings) {
  const annotation = (name: string, fallback: string): string =>
    pod.metadata.annotations?.[`traffic.sidecar.istio.io/${name}`] ?? fallback;
  const exceptInbound = ['15090', '15021', '15020', ...annotation('excludeInboundPorts', '').split(',')]
    .filter(Boolean)
    .join(',');
  return {
    name: 'istio-init',
    image: pod.metadata.annotations?.['sidecar.istio.io/proxyImage'] ?? settings.proxyImage,
    args: [
      'istio-iptables',
      ...['-p', '15001', '-z', '15006', '-u', '1337', '-m', 'REDIRECT'],
      ...['-i', annotation('includeOutboundIPRanges', '*'), '-x', annotation('excludeOutboundIPRanges', '')],
      ...['-b', annotation('includeInboundPorts', '*'), '-d', exceptInbound],
      ...(annotation('excludeOutboundPorts', '') ? ['-o', annotation('excludeOutboundPorts', '')] : []),
    ],
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
      privileged: false,
      runAsGroup: 0,
      runAsNonRoot: false,
      runAsUser: 0,
    },
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '1Gi' } },
  };
}

/**
 * The application's HTTP probes come to the proxy's port, which asks the application: a probe that came to the application's own port would
 * be refused where mutual TLS is strict.
 */
function withRewrittenProbes(spec: Record<string, any>): {
  spec: Record<string, any>;
  probers: Record<string, unknown>;
} {
  const probers: Record<string, unknown> = {};
  const containers = (spec['containers'] ?? []).map((container: any) => {
    const rewritten = { ...container };
    for (const [field, kind] of [
      ['livenessProbe', 'livez'],
      ['readinessProbe', 'readyz'],
      ['startupProbe', 'startupz'],
    ] as const) {
      const probe = container[field];
      if (!probe?.httpGet) continue;
      const named = (container.ports ?? []).find((one: any) => one.name === probe.httpGet.port);
      const path = `/app-health/${container.name}/${kind}`;
      probers[path] = {
        httpGet: { ...probe.httpGet, port: named?.containerPort ?? probe.httpGet.port },
        timeoutSeconds: probe.timeoutSeconds ?? 1,
      };
      rewritten[field] = {
        ...probe,
        httpGet: {
          path,
          port: 15_020,
          scheme: 'HTTP',
          ...(probe.httpGet.httpHeaders ? { httpHeaders: probe.httpGet.httpHeaders } : {}),
        },
      };
    }
    return rewritten;
  });
  return { spec: { ...spec, containers }, probers };
}
